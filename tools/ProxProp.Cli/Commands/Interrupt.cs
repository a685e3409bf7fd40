using System.Runtime.InteropServices;

namespace ProxProp.Cli.Commands;

/// <summary>
/// While it lives, the first Ctrl-C (or SIGTERM) asks training to end after its step instead of ending the process; the second one ends it.
/// A terminal that is closed (SIGHUP) asks too, and never ends the process: the kernel and then the shell may tell it of the same closing.
/// </summary>
internal sealed class Interrupt : IDisposable
{
    private static PosixSignalRegistration? s_afterHangUp;

    private readonly CancellationTokenSource _source;
    private readonly PosixSignalRegistration _keyboard;
    private readonly PosixSignalRegistration _terminate;
    private readonly PosixSignalRegistration _hangUp;
    private volatile bool _isHungUp;

    public Interrupt(CancellationToken cancel)
    {
        _source = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        _keyboard = PosixSignalRegistration.Create(PosixSignal.SIGINT, Handle);
        _terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Handle);
        _hangUp = PosixSignalRegistration.Create(PosixSignal.SIGHUP, Handle);
    }

    public CancellationToken Token => _source.Token;

    public void Dispose()
    {
        _keyboard.Dispose();
        _terminate.Dispose();

        // Told once of a closed terminal the process comes to its own end, which the next telling must not overtake.
        if (_isHungUp)
            s_afterHangUp = _hangUp;
        else
            _hangUp.Dispose();
        _source.Dispose();
    }

    private void Handle(PosixSignalContext context)
    {
        bool isHangUp = context.Signal == PosixSignal.SIGHUP;
        _isHungUp |= isHangUp;
        if (_source.IsCancellationRequested && !isHangUp)
            return;
        context.Cancel = true;
        if (_source.IsCancellationRequested)
            return;
        try
        {
            _source.Cancel();
        }
        catch (ObjectDisposedException)
        {
            // Training has just ended by itself.
        }
    }
}
