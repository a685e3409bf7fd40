using System.Runtime.CompilerServices;
using ProxProp.Mutation;

namespace ProxProp.Engine.Tests.Mutation;

/// <summary>The list of deliberate faults keeps up with the engine and with the tests.</summary>
public sealed class FaultListTests
{
    public static TheoryData<string> Names => [.. FaultList.All.Select(f => f.Name)];

    [Theory]
    [MemberData(nameof(Names))]
    public void The_right_code_is_still_there_once(string name)
    {
        Fault fault = FaultList.All.Single(f => f.Name == name);
        string source = Repository.ReadSource(Root(), fault.File);
        Assert.NotEqual(source, fault.ApplyTo(source));
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Its_test_classes_exist(string name)
    {
        Fault fault = FaultList.All.Single(f => f.Name == name);
        string[] known = [.. typeof(FaultListTests).Assembly.GetTypes().Select(t => t.Name)];
        Assert.NotEmpty(fault.Classes);
        Assert.All(fault.Classes, c => Assert.Contains(c, known));
    }

    [Fact]
    public void There_are_at_least_25_with_names_of_their_own()
    {
        Assert.InRange(FaultList.All.Count, 25, 200);
        Assert.Equal(FaultList.All.Count, FaultList.All.Select(f => f.Name).Distinct().Count());
    }

    [Fact]
    public void A_text_that_is_missing_or_ambiguous_is_refused()
    {
        var fault = new Fault("sign", "File.cs", "a + b", "a - b");
        Assert.Equal("c = a - b;", fault.ApplyTo("c = a + b;"));
        Assert.Throws<InvalidOperationException>(() => fault.ApplyTo("c = a * b;"));
        Assert.Throws<InvalidOperationException>(() => fault.ApplyTo("c = a + b; d = a + b;"));
    }

    private static string Root([CallerFilePath] string here = "") => Path.GetFullPath(Path.Combine(Path.GetDirectoryName(here)!, "..", ".."));
}
