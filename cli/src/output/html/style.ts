/** The look of a receipt: one scale of type and spacing, light and dark, screen and paper. */
export const style = `
:root {
  color-scheme: light dark;
  --ink: light-dark(#1b2024, #e6e9eb);
  --soft: light-dark(#59636b, #9aa5ad);
  --line: light-dark(#d9dee2, #323a40);
  --back: light-dark(#ffffff, #14181b);
  --panel: light-dark(#f5f7f8, #1c2226);
  --bar: light-dark(#1f6f78, #4db6ac);
  --waste: light-dark(#a63d2f, #e58a7b);
  font: 14px/1.45 system-ui, sans-serif;
}
body { margin: 0; background: var(--back); color: var(--ink); }
main { max-width: 60rem; margin: 0 auto; padding: 1.5rem 1rem 3rem; }
h1 { font-size: 1.5rem; line-height: 1.2; margin: 0 0 0.25rem; }
h2 { font-size: 1rem; margin: 2rem 0 0.5rem; }
p { margin: 0.25rem 0; max-width: 46rem; }
.soft, small { color: var(--soft); font-size: 0.86rem; }
.tiles { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(13rem, 45%), 1fr)); gap: 0.75rem; margin: 1.25rem 0 0; padding: 0; }
.tiles > div { background: var(--panel); border: 1px solid var(--line); border-radius: 6px; padding: 0.6rem 0.75rem; }
.tiles dt { color: var(--soft); font-size: 0.86rem; }
.tiles dd { margin: 0; }
.tiles b { display: block; font-size: 1.35rem; font-weight: 600; font-variant-numeric: tabular-nums; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; }
th, td { text-align: left; padding: 0.3rem 0.75rem 0.3rem 0; border-bottom: 1px solid var(--line); vertical-align: top; }
th { font-weight: 500; }
thead th { color: var(--soft); font-size: 0.86rem; }
td.number, th.number { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
.chart th:first-child { width: 22%; }
.number + td:not(.number), .number + th:not(.number) { padding-left: 0.5rem; }
td.plot { width: 42%; min-width: 8rem; }
.plot > div { position: relative; height: 1.1rem; margin-top: 0.1rem; }
.bar { display: block; height: 100%; min-width: 1px; border: 1px solid var(--bar); box-sizing: border-box; color: var(--bar); }
.waste .bar { border-color: var(--waste); color: var(--waste); }
.q-measured { background: currentColor; }
.q-attributed { background: color-mix(in srgb, currentColor 60%, transparent); }
.q-calibrated { background: repeating-linear-gradient(45deg, currentColor 0 3px, transparent 3px 6px); }
.q-estimated { background: repeating-linear-gradient(45deg, currentColor 0 1px, transparent 1px 6px); }
.range { position: absolute; top: 50%; height: 0; border-top: 2px solid var(--ink); }
.range::before, .range::after { content: ""; position: absolute; top: -5px; height: 8px; border-left: 2px solid var(--ink); }
.range::before { left: 0; }
.range::after { right: 0; }
.legend ul { list-style: none; padding: 0; margin: 0 0 0.5rem; }
.legend li { display: flex; align-items: center; gap: 0.5rem; }
.legend li .bar { width: 2.5rem; height: 0.9rem; }
.legend li .range { position: relative; top: 0; width: 2.5rem; }
@media print { main { max-width: none; padding: 0; } section { break-inside: avoid; } }
`;
