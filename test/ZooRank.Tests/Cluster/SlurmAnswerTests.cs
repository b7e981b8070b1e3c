using ZooRank.Cluster;

namespace ZooRank.Tests.Cluster;

/// <summary>What squeue and sacct print. Those of sacct were seen on a Slurm 22.05 with slurmdbd, which the test cluster has not: an array of six, at most two at once, cancelled after the first was done.</summary>
public class SlurmAnswerTests
{
    [Fact]
    public void The_queue_tells_state_reason_and_node_of_each_task() => Assert.Equal(
        [new SlurmTask(0, "RUNNING", null, "node7"), new(1, "PENDING", "JobArrayTaskLimit", null), new(2, "CANCELLED", null, null)],
        Slurm.TasksOfQueue("CLUSTER: big\n0|RUNNING|None|node7\n1|PENDING|JobArrayTaskLimit|\n2|CANCELLED|None|\nN/A|RUNNING|None|node1\n"));

    [Fact]
    public void Accounting_lists_tasks_that_never_started_together()
    {
        Assert.Equal(
            [new SlurmTask(0, "COMPLETED", null, "vm"), new(1, "CANCELLED", null, "vm"), new(2, "CANCELLED", null, "vm"), new(3, "CANCELLED", null, null), new(4, "CANCELLED", null, null), new(5, "CANCELLED", null, null)],
            Slurm.TasksOfAccounting("1_0|COMPLETED|vm\n1_1|CANCELLED by 0|vm\n1_2|CANCELLED by 0|vm\n1_[3-5%2]|CANCELLED by 0|None assigned\n"));
        Assert.Equal([2, 4, 5, 9], Slurm.TasksOfAccounting("41_[2,4-5,9]|PENDING|None assigned\n42|COMPLETED|node7\n").Select(t => t.Task));
    }

    [Fact]
    public void Anything_else_is_no_task()
    {
        var random = new Random(1);
        const string letters = "41_[]|-,%0\nA ";
        for (var i = 0; i < 2000; i++)
        {
            var text = string.Concat(Enumerable.Range(0, random.Next(40)).Select(_ => letters[random.Next(letters.Length)]));
            Assert.All(Slurm.TasksOfQueue(text), t => Assert.True(t.Task >= 0));
            Assert.All(Slurm.TasksOfAccounting(text).Take(100), t => Assert.True(t.Task >= 0));
        }
    }

    [Theory]
    [InlineData(true, "COMPLETED")]
    [InlineData(true, "NODE_FAIL")]
    [InlineData(false, "PENDING")]
    [InlineData(false, "COMPLETING")]
    [InlineData(false, "REQUEUE_HOLD")]
    public void A_task_has_ended_when_nothing_more_comes_of_it(bool ended, string state) => Assert.Equal(ended, new SlurmTask(0, state, null, null).HasEnded);
}
