using ProxProp.Engine.Data;

namespace ProxProp.Engine.Tests.Data;

public sealed class AtomicFileTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void A_new_file_is_written_and_an_old_one_replaced()
    {
        string path = _folder.File("weights");
        AtomicFile.Write(path, stream => stream.Write("old"u8));
        Assert.Equal("old", File.ReadAllText(path));
        AtomicFile.Write(path, stream => stream.Write("new and longer"u8));
        Assert.Equal("new and longer", File.ReadAllText(path));
        AtomicFile.Write(path, stream => stream.Write("x"u8));
        Assert.Equal("x", File.ReadAllText(path));
        Assert.Equal([path], Directory.GetFileSystemEntries(_folder.Path));
    }

    /// <summary>A disk that is full after so many bytes, or only when the buffer is flushed, or when the file is closed.</summary>
    [Theory]
    [InlineData(0, false)]
    [InlineData(5, false)]
    [InlineData(long.MaxValue, true)]
    public void A_full_disk_leaves_the_old_file(long room, bool failFlush)
    {
        string path = _folder.Add("weights", "old");
        IOException e = Assert.Throws<IOException>(() => AtomicFile.Write(
            path,
            stream => stream.Write("much longer than there is room for"u8),
            temporary => new FullDisk(File.Create(temporary), room, failFlush)));
        Assert.Equal($"Cannot save {path}: No space left on device. The file as it was before, if any, is unchanged.", e.Message);
        Unchanged(path);
    }

    /// <summary>The kernel's own full device, which takes the writes into the buffer and fails them when they are flushed.</summary>
    [Fact]
    public void A_device_that_is_full_leaves_the_old_file()
    {
        Assert.SkipUnless(File.Exists("/dev/full"), "This system has no /dev/full.");
        string path = _folder.Add("weights", "old");
        Assert.Throws<IOException>(() => AtomicFile.Write(
            path, stream => stream.Write("new"u8), _ => new FileStream("/dev/full", FileMode.Open, FileAccess.Write)));
        Unchanged(path);
    }

    [Fact]
    public void A_failing_writer_leaves_the_old_file()
    {
        string path = _folder.Add("weights", "old");
        Assert.Throws<InvalidOperationException>(() => AtomicFile.Write(path, stream =>
        {
            stream.Write("half"u8);
            throw new InvalidOperationException();
        }));
        Unchanged(path);
    }

    [Fact]
    public void A_folder_is_not_replaced()
    {
        string message = Assert.Throws<IOException>(() => AtomicFile.Write(_folder.Path, stream => stream.WriteByte(1))).Message;
        Assert.StartsWith($"Cannot save {_folder.Path}: It is a folder.", message, StringComparison.Ordinal);
        string nowhere = Path.Combine(_folder.File("nowhere"), "weights");
        message = Assert.Throws<IOException>(() => AtomicFile.Write(nowhere, stream => stream.WriteByte(1))).Message;
        Assert.StartsWith($"Cannot save {nowhere}: There is no folder {_folder.File("nowhere")}.", message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_device_is_not_replaced()
    {
        Assert.SkipUnless(File.Exists("/dev/full"), "This system has no /dev/full.");
        string message = Assert.Throws<IOException>(() => AtomicFile.Write("/dev/full", stream => stream.WriteByte(1))).Message;
        Assert.StartsWith("Cannot save /dev/full: It is a device", message, StringComparison.Ordinal);
    }

    /// <summary>Linux's process folder takes no new files from anyone, the administrator included.</summary>
    [Fact]
    public void A_read_only_folder_is_said_to_be_one()
    {
        Assert.SkipUnless(Directory.Exists("/proc/self"), "This system has no /proc.");
        string message = Assert.Throws<IOException>(() => AtomicFile.Write("/proc/self/weights", stream => stream.WriteByte(1))).Message;
        Assert.StartsWith("Cannot save /proc/self/weights: ", message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_symbolic_link_is_followed()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Symbolic links need a privilege there.");
        string path = _folder.Add("weights", "old");
        string link = _folder.File("link");
        File.CreateSymbolicLink(link, path);
        AtomicFile.Write(link, stream => stream.Write("new"u8));
        Assert.Equal("new", File.ReadAllText(path));
        Assert.NotNull(new FileInfo(link).LinkTarget);
    }

    /// <summary>The folder that a relative link starts from is where the link itself lies, not the path that led to it.</summary>
    [Theory]
    [InlineData("../real.bin")]
    [InlineData("./../deep/..//real.bin")]
    [InlineData("../up/store/real.bin")]
    [InlineData("other")]
    public void A_relative_link_in_a_folder_reached_through_a_link_is_followed(string link)
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Symbolic links need a privilege there.");
        Directory.CreateDirectory(_folder.File("store/deep"));
        Directory.CreateDirectory(_folder.File("t"));
        File.CreateSymbolicLink(_folder.File("t/runs"), "../store/deep");
        File.CreateSymbolicLink(_folder.File("store/up"), "../store/deep/../..");
        File.CreateSymbolicLink(_folder.File("store/deep/other"), _folder.File("store/real.bin"));
        File.CreateSymbolicLink(_folder.File("store/deep/model"), link);
        string real = _folder.Add("store/real.bin", "old");
        AtomicFile.Write(_folder.File("t/runs/model"), stream => stream.Write("new"u8));
        Assert.Equal("new", File.ReadAllText(real));
        Assert.Equal(["runs"], Directory.GetFileSystemEntries(_folder.File("t")).Select(Path.GetFileName));
        Assert.NotNull(new FileInfo(_folder.File("store/deep/model")).LinkTarget);
    }

    [Fact]
    public void A_link_to_itself_is_refused_and_one_to_nothing_makes_the_file()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Symbolic links need a privilege there.");
        string link = _folder.File("link");
        File.CreateSymbolicLink(link, "link");
        string message = Assert.Throws<IOException>(() => AtomicFile.Write(link, stream => stream.WriteByte(1))).Message;
        Assert.StartsWith($"Cannot save {link}: ", message, StringComparison.Ordinal);
        File.CreateSymbolicLink(_folder.File("to"), "made");
        AtomicFile.Write(_folder.File("to"), stream => stream.Write("new"u8));
        Assert.Equal("new", File.ReadAllText(_folder.File("made")));
    }

    [Theory]
    [InlineData(UnixFileMode.UserRead | UnixFileMode.UserWrite)]
    [InlineData(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead | UnixFileMode.GroupWrite | UnixFileMode.OtherRead | UnixFileMode.OtherWrite)]
    [InlineData(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute | UnixFileMode.GroupRead)]
    public void The_permissions_of_a_file_that_is_replaced_stay(UnixFileMode mode)
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "There are none there.");
        string path = _folder.Add("weights", "old");
        if (!OperatingSystem.IsWindows())
            File.SetUnixFileMode(path, mode);
        UnixFileMode? during = null;
        AtomicFile.Write(path, stream =>
        {
            stream.Write("new"u8);
            if (!OperatingSystem.IsWindows())
                during = File.GetUnixFileMode(((FileStream)stream).SafeFileHandle);
        });
        Assert.Equal("new", File.ReadAllText(path));
        Assert.True((during & ~mode) == 0, $"While it was written, the file could be used as {during}.");
        if (!OperatingSystem.IsWindows())
            Assert.Equal(mode, File.GetUnixFileMode(path));
    }

    /// <summary>Another thread looks at the file all the while: it is always there, and always one of the versions as a whole.</summary>
    [Fact]
    public async Task A_reader_never_sees_the_file_missing_or_half_written()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "A file that is open for reading cannot be replaced there.");
        const int Length = 10_000;
        string path = _folder.Add("weights", new byte[Length]);
        bool done = false;
        int reads = 0;
        Task reader = Task.Run(() =>
        {
            while (!Volatile.Read(ref done))
            {
                byte[] seen = File.ReadAllBytes(path);
                Assert.Equal(Length, seen.Length);
                Assert.False(seen.AsSpan().ContainsAnyExcept(seen[0]));
                Interlocked.Increment(ref reads);
            }
        });
        byte[] version = new byte[Length];
        for (int i = 1; !reader.IsCompleted && (i <= 300 || Volatile.Read(ref reads) < 10); i++)
        {
            Array.Fill(version, (byte)i);
            AtomicFile.Write(path, stream => stream.Write(version));
        }

        Volatile.Write(ref done, true);
        await reader;
    }

    [Fact]
    public void What_a_killed_process_left_is_removed_and_nothing_else()
    {
        string path = _folder.File("weights");
        string[] others =
        [
            ".weights2.abcdefgh.345.tmp", ".weights.abc.tmp", ".weights.abcdefgh345.tmp", ".weights.abcdefgh.3456.tmp", ".weights.abcdefgH.345.tmp",
            ".weights.abcdefg9.345.tmp", ".weights.abcd.fgh.345.tmp", ".weights.backup.2024.tmp", "weights.abcdefgh.345.tmp",
        ];
        foreach (string name in others.Append(".weights.abcdefgh.345.tmp"))
            _folder.Add(name, "half");
        string written = _folder.File(".weights.zyxwvuts.012.tmp");
        using FileStream busy = new(written, FileMode.CreateNew, FileAccess.Write, FileShare.None);
        AtomicFile.Write(path, stream => stream.Write("new"u8));
        string[] left = Directory.GetFiles(_folder.Path);
        Assert.Equal([.. others.Select(_folder.File).Concat([path, written]).Order(StringComparer.Ordinal)], left.Order(StringComparer.Ordinal));
    }

    /// <summary>Whatever name a save gives its temporary file, a later one knows it again.</summary>
    [Fact]
    public void What_a_save_makes_is_known_as_such()
    {
        string path = _folder.File("weights");
        for (int i = 0; i < 100; i++)
        {
            string kept = "";
            AtomicFile.Write(path, stream =>
            {
                kept = ((FileStream)stream).Name;
                stream.Write("new"u8);
            });
            _folder.Add(Path.GetFileName(kept), "half");
        }

        AtomicFile.Write(path, stream => stream.Write("new"u8));
        Assert.Equal([path], Directory.GetFiles(_folder.Path));
    }

    [Fact]
    public void A_safetensors_file_survives_a_source_that_fails()
    {
        string path = _folder.File("weights.safetensors");
        SafetensorsWriter writer = new();
        writer.Add<float>("x", [2], (ReadOnlySpan<float>)[1, 2]);
        writer.Save(path);
        writer.Add<float>("y", [3], 3, () => new float[2]);
        Assert.Throws<InvalidOperationException>(() => writer.Save(path));
        using SafetensorsReader reader = SafetensorsReader.Open(path);
        Assert.Equal("x", Assert.Single(reader.Entries).Name);
    }

    private void Unchanged(string path)
    {
        Assert.Equal("old", File.ReadAllText(path));
        Assert.Equal([path], Directory.GetFileSystemEntries(_folder.Path));
    }

    private sealed class FullDisk(FileStream file, long room, bool failFlush) : Stream
    {
        public override bool CanRead => false;

        public override bool CanSeek => false;

        public override bool CanWrite => true;

        public override long Length => file.Length;

        public override long Position { get => file.Position; set => throw new NotSupportedException(); }

        public override void Flush()
        {
            if (failFlush)
                throw new IOException("No space left on device.");
            file.Flush();
        }

        public override void Write(byte[] buffer, int offset, int count)
        {
            if (file.Position + count > room)
                throw new IOException("No space left on device.");
            file.Write(buffer, offset, count);
        }

        public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        protected override void Dispose(bool disposing)
        {
            file.Dispose();
            base.Dispose(disposing);
        }
    }
}
