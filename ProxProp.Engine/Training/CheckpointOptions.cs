namespace ProxProp.Engine.Training;

/// <summary>Where and how often a run is saved so that it can go on later. When the run ends or is cancelled it is saved as well.</summary>
/// <param name="Path">The file; replaced as a whole each time, so that there is always one complete checkpoint.</param>
public sealed record CheckpointOptions(string Path)
{
    /// <summary>Saves after every so many steps; 0 for not by steps.</summary>
    public long EverySteps { get; init; }

    /// <summary>Saves after the step at which so much time has passed since the last time; zero for not by time.</summary>
    public TimeSpan Every { get; init; }

    /// <summary>
    /// Called before each save, on the training thread, when all progress so far has been told: what must not lag behind the checkpoint, such as
    /// a log, is to be written then.
    /// </summary>
    public Action? Saving { get; init; }

    /// <summary>Texts to keep in the file.</summary>
    public IReadOnlyDictionary<string, string> Metadata { get; init; } = new Dictionary<string, string>();
}
