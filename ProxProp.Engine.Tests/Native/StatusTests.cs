using System.Runtime.InteropServices;
using ProxProp.Engine.Tests.Data;
using ProxProp.Native;

namespace ProxProp.Engine.Tests.Native;

/// <summary>What the C library's functions answer about files: one status for those that cannot be had, another for those that say the wrong thing.</summary>
public sealed unsafe class StatusTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void A_missing_file() => Expect(Status.Io, "found no such file", _folder.File("none/w.safetensors"));

    [Fact]
    public void A_folder() => Expect(Status.Io, "found a folder", _folder.Path);

    [Fact]
    public void A_file_that_cannot_be_opened()
    {
        // Permissions do not bind an administrator; a lock does.
        string path = _folder.Add("w.safetensors", "{}");
        using var held = new FileStream(path, FileMode.Open, FileAccess.ReadWrite, FileShare.None);
        Expect(Status.Io, "found that it cannot be opened", path);
    }

    [Fact]
    public void A_damaged_file() => Expect(Status.Format, "byte 0", _folder.Add("w.safetensors", "{}"));

    [Fact]
    public void A_file_without_a_model() =>
        Expect(Status.Format, "does not describe its network", _folder.Add("w.safetensors", [2, 0, 0, 0, 0, 0, 0, 0, (byte)'{', (byte)'}']));

    private static void Expect(Status status, string part, string path)
    {
        delegate* unmanaged<byte*, int, int, nint*, Status> open = &NetworkExports.Open;
        nint network = -1, text = Marshal.StringToCoTaskMemUTF8(path);
        Assert.Equal(status, open((byte*)text, 1, 1, &network));
        Marshal.FreeCoTaskMem(text);
        Assert.Equal(0, network);
        Assert.Contains(part, LastError.Text, StringComparison.Ordinal);
    }
}
