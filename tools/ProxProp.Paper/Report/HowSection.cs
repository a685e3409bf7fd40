using System.Xml.Linq;

namespace ProxProp.Paper.Report;

/// <summary>How the numbers came about.</summary>
internal static class HowSection
{
    /// <summary>The section.</summary>
    public static IEnumerable<XElement> Of(Evaluation evaluation)
    {
        string data = evaluation.Data.IsPapers ? "--data FOLDER" : "--quick";
        yield return Html.H2("how", "How it was made");
        yield return Html.P("Every run can be repeated to the bit: its numbers depend on data, method, rate and seed alone, not on threads, vector width or interruptions. The commands:");
        yield return Html.E("ul", evaluation.Experiments.Select(e => Html.E("li", Html.E(
            "code", $"proxprop paper {data} --only {e.Experiment.Name} --epochs {e.Epochs}{(e.Experiment.Name == "table1" ? "" : $" --seeds {e.Seeds}")}"))));
        yield return Html.P(
            "Losses are means over rows of softmax cross-entropy. The loss over all training rows is taken after an epoch with the parameters as they are then; the loss of an "
            + "epoch's batches is the mean of what each batch had before its update.");
        yield return Html.P(
            "Seconds are the steps of an epoch times the median time of a step, all ways to train measured in turns in one go, so that they do not depend on what else the "
            + "machine did during a run of hours. Evaluations are not counted. The clock's own seconds are in curves.csv and report.json, which hold every point of every run.");
        yield return Html.C("footer", "rule", "Charts by OxyPlot (MIT licence). This file needs nothing from elsewhere.");
    }
}
