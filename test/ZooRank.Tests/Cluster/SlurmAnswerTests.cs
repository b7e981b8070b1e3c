using ZooRank.Cluster;

namespace ZooRank.Tests.Cluster;

/// <summary>What squeue and sacct print. The lines are those of Slurm's manual pages and of clusters with accounting, which the test cluster has not.</summary>
public class SlurmAnswerTests
{
    [Fact]
    public void The_queue_tells_state_reason_and_node_of_each_task() => Assert.Equal(
        [new SlurmTask(0, "RUNNING", null, "node7"), new(1, "PENDING", "JobArrayTaskLimit", null), new(2, "CANCELLED", null, null)],
        Slurm.TasksOfQueue("CLUSTER: big\n0|RUNNING|None|node7\n1|PENDING|JobArrayTaskLimit|\n2|CANCELLED|None|\nN/A|RUNNING|None|node1\n"));

    [Fact]
    public void Accounting_lists_tasks_that_never_started_together() => Assert.Equal(
        [
            new SlurmTask(0, "COMPLETED", null, "node7"), new(1, "CANCELLED", null, "node[7-8]"), new(2, "OUT_OF_MEMORY", null, "node7"),
            new(3, "CANCELLED", null, null), new(4, "CANCELLED", null, null), new(9, "CANCELLED", null, null),
        ],
        Slurm.TasksOfAccounting("41_0|COMPLETED|node7\n41_1|CANCELLED by 1000|node[7-8]\n41_2|OUT_OF_MEMORY|node7\n41_[3-4,9%4]|CANCELLED by 1000|None assigned\n42|COMPLETED|node7\n"));

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
