using ProxProp.Engine.Data;
using ProxProp.Engine.Training;

namespace ProxProp.Native;

/// <summary>What a function answers; the numbers are those of proxprop.h.</summary>
internal enum Status
{
    Ok = 0,
    InvalidArgument = 1,
    InvalidHandle = 2,
    Busy = 3,
    Format = 4,
    Io = 5,
    NotFinite = 6,
    OutOfMemory = 7,
    Internal = 8,
}

/// <summary>A failure that has a status of its own.</summary>
internal sealed class StatusException(Status status, string message) : Exception(message)
{
    public Status Status { get; } = status;
}

/// <summary>The text of the last failure, for each thread its own.</summary>
internal static class LastError
{
    [ThreadStatic]
    private static string? _text;

    public static string Text => _text ?? string.Empty;

    /// <summary>Keeps what went wrong and answers with its status: the one way out of every exported function.</summary>
    public static Status Set(Exception e)
    {
        _text = e.Message;
        return e switch
        {
            StatusException s => s.Status,
            DataFormatException { InnerException: IOException or UnauthorizedAccessException } => Status.Io, // not what is in the file, but getting at it
            ModelFormatException or DataFormatException => Status.Format,
            ArgumentException or NotSupportedException or OverflowException => Status.InvalidArgument,
            IOException or UnauthorizedAccessException => Status.Io,
            OutOfMemoryException => Status.OutOfMemory,
            _ => Status.Internal,
        };
    }
}
