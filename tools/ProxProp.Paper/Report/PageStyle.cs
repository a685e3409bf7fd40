namespace ProxProp.Paper.Report;

/// <summary>The page's style sheet: light and dark screens, and paper.</summary>
internal static class PageStyle
{
    /// <summary>The sheet. Without the characters that XML would write otherwise.</summary>
    public const string Text = """
        :root {
          --ink: #1b1b1b; --paper: #ffffff; --grid: #dddddd; --soft: #595959; --band: #f4f4f1;
          --line0: #111111; --line1: #0b62b5; --line2: #c1440e; --line3: #2a7f2a; --line4: #8a2f8f;
          --line5: #b0760a; --line6: #14808a; --line7: #b3245f; --line8: #5a5a9e;
          --good: #1d6b1d; --half: #855700; --bad: #a02015;
        }
        @media screen and (prefers-color-scheme: dark) {
          :root {
            --ink: #e8e6e1; --paper: #17181a; --grid: #3a3c40; --soft: #aaa8a2; --band: #212327;
            --line0: #f2f2f2; --line1: #6db3f2; --line2: #ff9166; --line3: #7cd07c; --line4: #d796db;
            --line5: #e8bb5a; --line6: #62cfd9; --line7: #f58bb5; --line8: #a9a9ee;
            --good: #7cd07c; --half: #e8bb5a; --bad: #ff8f80;
          }
        }
        * { box-sizing: border-box; }
        body { margin: 0 auto; max-width: 1180px; padding: 1.5rem 1.2rem 4rem; background: var(--paper); color: var(--ink);
          font: 16px/1.5 system-ui, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif; }
        h1 { font-size: 1.9rem; line-height: 1.2; margin: 0 0 .3rem; }
        h2 { font-size: 1.35rem; margin: 2.6rem 0 .6rem; padding-top: .8rem; border-top: 2px solid var(--ink); }
        h3 { font-size: 1.05rem; margin: 1.6rem 0 .4rem; }
        p, ul { max-width: 52rem; margin: .5rem 0; }
        a { color: inherit; }
        nav a { margin-right: 1.1rem; }
        .lead, .caption, .rule, footer { color: var(--soft); }
        .rule { font-size: .85rem; }
        .note { border-left: 4px solid var(--ink); padding: .3rem .9rem; background: var(--band); max-width: 52rem; }
        table { border-collapse: collapse; margin: .8rem 0; font-size: .9rem; }
        caption { caption-side: top; text-align: left; color: var(--soft); padding-bottom: .3rem; }
        th, td { padding: .28rem .6rem; text-align: left; vertical-align: top; border-bottom: 1px solid var(--grid); }
        sub { line-height: 0; }
        tbody th { white-space: nowrap; }
        thead th { border-bottom: 2px solid var(--ink); vertical-align: bottom; }
        .number { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
        thead .number { white-space: normal; }
        .open { color: var(--soft); font-style: italic; }
        .second { color: var(--soft); }
        .verdict { font-weight: 600; white-space: nowrap; }
        .reproduced { color: var(--good); } .partly { color: var(--half); } .not-reproduced { color: var(--bad); }
        .wide { overflow-x: auto; }
        .charts { display: grid; grid-template-columns: repeat(2, minmax(0, 1fr)); gap: 1rem 1.6rem; margin: 1rem 0; }
        figure { margin: 0; }
        figcaption { font-weight: 600; font-size: .95rem; margin-bottom: .2rem; }
        svg { width: 100%; height: auto; display: block; }
        code { font-family: ui-monospace, Consolas, monospace; font-size: .9em; overflow-wrap: anywhere; }
        dl { display: grid; grid-template-columns: max-content 1fr; gap: .15rem 1.2rem; margin: .8rem 0; font-size: .95rem; }
        dt { color: var(--soft); } dd { margin: 0; }
        @media screen and (max-width: 760px) { .charts { grid-template-columns: minmax(0, 1fr); } dl { grid-template-columns: 1fr; } dd { margin-bottom: .3rem; } }
        @media print {
          @page { size: A4; margin: 14mm 12mm; }
          :root { --ink: #000; --paper: #fff; --grid: #ccc; --soft: #333; --band: #fff; --good: #000; --half: #000; --bad: #000;
            --line0: #000; --line1: #000; --line2: #000; --line3: #000; --line4: #000; --line5: #000; --line6: #000; --line7: #000; --line8: #000; }
          body { max-width: none; padding: 0; font-size: 10pt; }
          nav { display: none; }
          h2 { break-before: page; border: 0; padding: 0; margin-top: 0; }
          h2.first { break-before: auto; margin-top: 1.2rem; }
          h2, h3, figcaption, caption { break-after: avoid; }
          figure, tr { break-inside: avoid; }
          table { font-size: 8pt; } th, td { padding: .15rem .35rem; } .rule { font-size: 7.5pt; }
          thead { display: table-header-group; }
          .wide { overflow: visible; }
          .charts { display: block; } figure { width: 152mm; margin: 0 auto 3mm; }
        }
        """;
}
