using System.Runtime.InteropServices;
using ProxProp.Engine.Training;

namespace ProxProp.Native;

/// <summary>The proxprop_network_… functions.</summary>
internal static unsafe class NetworkExports
{
    [UnmanagedCallersOnly(EntryPoint = "proxprop_network_create")]
    public static Status Create(byte* json, nuint jsonBytes, int maxBatch, ulong seed, int threads, nint* network)
    {
        try
        {
            Arguments.Output(network, nameof(network));
            *network = 0;
            *network = Handles.Add(OpenNetwork.Create(Arguments.Buffer(json, jsonBytes, nameof(json)), maxBatch, seed, threads));
            return Status.Ok;
        }
        catch (Exception e)
        {
            return LastError.Set(e);
        }
    }

    [UnmanagedCallersOnly(EntryPoint = "proxprop_network_open")]
    public static Status Open(byte* path, int maxBatch, int threads, nint* network)
    {
        try
        {
            Arguments.Output(network, nameof(network));
            *network = 0;
            *network = Handles.Add(OpenNetwork.Open(Arguments.Text(path, nameof(path)), maxBatch, threads));
            return Status.Ok;
        }
        catch (Exception e)
        {
            return LastError.Set(e);
        }
    }

    [UnmanagedCallersOnly(EntryPoint = "proxprop_network_close")]
    public static Status Close(nint network)
    {
        try
        {
            using Lease<OpenNetwork> lease = Handles.Enter<OpenNetwork>(network, nameof(network));
            if (lease.Value.OpenTrainers > 0)
                throw new StatusException(Status.Busy, $"'network' still has {lease.Value.OpenTrainers} open trainers; close them first.");
            Handles.Remove(network, lease.Value);
            lease.Value.Dispose();
            return Status.Ok;
        }
        catch (Exception e)
        {
            return LastError.Set(e);
        }
    }

    [UnmanagedCallersOnly(EntryPoint = "proxprop_network_describe")]
    public static Status Describe(nint network, NetworkInfo* info)
    {
        try
        {
            using Lease<OpenNetwork> lease = Handles.Enter<OpenNetwork>(network, nameof(network));
            ref NetworkInfo target = ref Arguments.Structure(info, nameof(info));
            Network<float> found = lease.Value.Network;
            target.Layers = found.Layers.Count;
            target.Inputs = found.Input.Size;
            target.Outputs = found.Output.Size;
            target.MaxBatch = found.MaxBatch;
            target.Threads = lease.Value.Threads;
            target.Parameters = found.ParameterCount;
            target.BufferBytes = found.BufferBytes;
            return Status.Ok;
        }
        catch (Exception e)
        {
            return LastError.Set(e);
        }
    }

    [UnmanagedCallersOnly(EntryPoint = "proxprop_network_predict")]
    public static Status Predict(nint network, float* samples, nuint sampleElements, float* outputs, nuint outputElements)
    {
        try
        {
            using Lease<OpenNetwork> lease = Handles.Enter<OpenNetwork>(network, nameof(network));
            lease.Value.Network.Predict(
                Arguments.Buffer(samples, sampleElements, nameof(samples)), Arguments.Buffer(outputs, outputElements, nameof(outputs)));
            return Status.Ok;
        }
        catch (Exception e)
        {
            return LastError.Set(e);
        }
    }

    [UnmanagedCallersOnly(EntryPoint = "proxprop_network_get_parameters")]
    public static Status GetParameters(nint network, float* values, nuint count)
    {
        try
        {
            using Lease<OpenNetwork> lease = Handles.Enter<OpenNetwork>(network, nameof(network));
            lease.Value.Network.Parameters.CopyTo(AllParameters(lease.Value, values, count));
            return Status.Ok;
        }
        catch (Exception e)
        {
            return LastError.Set(e);
        }
    }

    [UnmanagedCallersOnly(EntryPoint = "proxprop_network_set_parameters")]
    public static Status SetParameters(nint network, float* values, nuint count)
    {
        try
        {
            using Lease<OpenNetwork> lease = Handles.Enter<OpenNetwork>(network, nameof(network));
            Span<float> given = AllParameters(lease.Value, values, count);
            int bad = given.IndexOfAnyExceptInRange(float.MinValue, float.MaxValue);
            if (bad >= 0)
                throw new ArgumentException($"values[{bad}] is {given[bad]}; expected finite numbers.");
            given.CopyTo(lease.Value.Network.Parameters);
            return Status.Ok;
        }
        catch (Exception e)
        {
            return LastError.Set(e);
        }
    }

    [UnmanagedCallersOnly(EntryPoint = "proxprop_network_save")]
    public static Status Save(nint network, byte* path)
    {
        try
        {
            using Lease<OpenNetwork> lease = Handles.Enter<OpenNetwork>(network, nameof(network));
            lease.Value.Save(Arguments.Text(path, nameof(path)));
            return Status.Ok;
        }
        catch (Exception e)
        {
            return LastError.Set(e);
        }
    }

    [UnmanagedCallersOnly(EntryPoint = "proxprop_network_load")]
    public static Status Load(nint network, byte* path)
    {
        try
        {
            using Lease<OpenNetwork> lease = Handles.Enter<OpenNetwork>(network, nameof(network));
            Weights.Load(lease.Value.Network, Arguments.Text(path, nameof(path)));
            return Status.Ok;
        }
        catch (Exception e)
        {
            return LastError.Set(e);
        }
    }

    private static Span<float> AllParameters(OpenNetwork network, float* values, nuint count)
    {
        if (count != (nuint)network.Network.ParameterCount)
            throw new ArgumentException($"'values' has {count} elements; expected the network's {network.Network.ParameterCount} parameters.");
        return Arguments.Buffer(values, count, nameof(values));
    }
}
