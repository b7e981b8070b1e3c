using System.Collections.Concurrent;
using System.Diagnostics;
using System.Text.Json.Nodes;

namespace ZooRank.Tests;

/// <summary>The system's Python, where it has the packages that a test compares with.</summary>
/// <remarks>Importing PyTorch takes seconds: one process imports and each script runs in a fork of it, as new as a process of its own.</remarks>
internal static class Python
{
    private const string Interpreter = "/usr/bin/python3";

    // A request is a line of JSON; the answer is the exit code or that a module is absent, and what the script printed is in the two files..
    private const string Server = """
        import importlib, json, os, sys, traceback
        for line in sys.stdin:
            modules, script, arguments, output, error = json.loads(line)
            try:
                for name in modules.split(','): importlib.import_module(name.strip())
            except ImportError:
                print('absent', flush=True)
                continue
            child = os.fork()
            if child == 0:
                code = 1
                try:
                    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
                    os.dup2(os.open(output, os.O_WRONLY | os.O_CREAT | os.O_TRUNC), 1)
                    os.dup2(os.open(error, os.O_WRONLY | os.O_CREAT | os.O_TRUNC), 2)
                    sys.argv = ['-c', *arguments]
                    exec(compile(f'import {modules}\nimport sys\n{script}', '<script>', 'exec'), {'__name__': '__main__'})
                    code = 0
                except SystemExit as e:
                    code = e.code if isinstance(e.code, int) else 0 if e.code is None else 1
                except BaseException:
                    traceback.print_exc()
                finally:
                    sys.stdout.flush()
                    sys.stderr.flush()
                    os._exit(code)
            print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
        """;

    // As many as tests want at once. They end with the process that holds the other end of their standard input.
    private static readonly ConcurrentBag<Process> Idle = [];

    /// <summary>Runs a script and returns what it prints. The test is skipped, visibly, where a module is absent.</summary>
    public static string Run(string modules, string script, params string[] arguments)
    {
        Assert.SkipUnless(File.Exists(Interpreter), $"{Interpreter} is not on this machine");
        using var folder = new TemporaryFolder();
        if (!Idle.TryTake(out var process)) process = Start();
        process.StandardInput.WriteLine(new JsonArray(modules, script, new JsonArray([.. arguments.Select(a => (JsonNode)a)]), folder["output"], folder["error"]).ToJsonString());
        process.StandardInput.Flush();
        var answer = process.StandardOutput.ReadLine();
        Assert.True(answer is not null, $"{Interpreter} ended");
        Idle.Add(process);
        Assert.SkipWhen(answer == "absent", $"{Interpreter} lacks one of {modules}");
        Assert.True(answer == "0", $"exit code {answer}: {(File.Exists(folder["error"]) ? File.ReadAllText(folder["error"]) : "")}");
        return File.ReadAllText(folder["output"]);
    }

    // With one thread: other tests want the cores too, and a fork has none of the threads that an import started.
    private static Process Start()
    {
        var start = new ProcessStartInfo(Interpreter, ["-c", Server]) { RedirectStandardInput = true, RedirectStandardOutput = true };
        foreach (var variable in new[] { "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS" }) start.Environment[variable] = "1";
        return Process.Start(start)!;
    }
}
