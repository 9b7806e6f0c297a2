/** The page's style: system fonts, light and dark by the reader's setting, usable on a phone and in print. */

const light = `
  --text: #1b1f24; --muted: #59636e; --line: #d5dae0; --surface: #ffffff; --raised: #f5f7f9; --accent: #1f5fa8;
  --good: #1a6b45; --bad: #a8261d;
  --series-1: #1f5fa8; --series-2: #b4530a; --series-3: #1b7a5a; --series-4: #7a3e9d; --series-5: #a3195b; --series-6: #5b6470;
  --series-7: #6f6a00; --series-8: #0b7285;
  --set-1: #1f5fa8; --set-2: #1b7a5a; --set-3: #63b598; --set-4: #3f86d1; --set-5: #7a3e9d; --set-6: #a07cc0; --set-7: #b3473f;
  --reject-1: #a8261d; --reject-2: #d98c3a; --reject-3: #b3bcc6; --reject-4: #c2698f; --reject-5: #e3a88e;
  --reject-6: #cdb956; --reject-7: #8d7a66; --reject-8: #75688a; --reject-9: #a9b4bf;
  --reject-10: #6b2f5b; --reject-11: #d3c7dd; --reject-12: #7a2a12; --reject-13: #9aa58c; --reject-14: #b9c7d6;`;

const dark = `
  --text: #e4e8ec; --muted: #9da7b1; --line: #3a424b; --surface: #14181d; --raised: #1d232a; --accent: #7db3f0;
  --good: #6fcf9f; --bad: #f2877d;
  --series-1: #7db3f0; --series-2: #f0a35e; --series-3: #63c7a0; --series-4: #c79be6; --series-5: #f08bb5; --series-6: #a9b2bd;
  --series-7: #d6cf5a; --series-8: #5fd0e0;
  --set-1: #5b9be6; --set-2: #3fae86; --set-3: #2a6f58; --set-4: #3f6ea8; --set-5: #b083d6; --set-6: #7c5f99; --set-7: #d0726a;
  --reject-1: #e0645a; --reject-2: #d98c3a; --reject-3: #58636f; --reject-4: #c2698f; --reject-5: #a86b52;
  --reject-6: #a8963c; --reject-7: #8d7a66; --reject-8: #8578a0; --reject-9: #6b7682;
  --reject-10: #a06391; --reject-11: #645a70; --reject-12: #b86a4f; --reject-13: #73806a; --reject-14: #4d5a66;`;

export const styleSheet = `
:root { color-scheme: light dark; ${light} }
@media (prefers-color-scheme: dark) { :root { ${dark} } }
*, *::before, *::after { box-sizing: border-box; }
body { margin: 0; background: var(--surface); color: var(--text);
  font: 16px/1.55 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif; }
main, header.page, footer { max-width: 62rem; margin: 0 auto; padding: 0 1.25rem; overflow-wrap: anywhere; }
header.page { padding-top: 2.5rem; }
h1 { font-size: 1.15rem; font-weight: 600; margin: 0; }
h2 { font-size: 1.3rem; line-height: 1.3; margin: 3rem 0 .75rem; padding-top: 1.25rem; border-top: 1px solid var(--line); }
h3 { font-size: 1rem; margin: 1.5rem 0 .4rem; }
p { margin: .5rem 0 .9rem; max-width: 46rem; }
a { color: var(--accent); }
nav { margin-top: .9rem; font-size: .9rem; }
nav a { margin-right: 1rem; white-space: nowrap; }
.headline { font-size: 1.45rem; line-height: 1.4; font-weight: 600; letter-spacing: -.01em; max-width: 50rem; margin: .25rem 0 1.1rem; }
.statements { padding-left: 1.1rem; max-width: 50rem; }
.statements li { margin-bottom: .45rem; }
.note, .where, figcaption, caption { color: var(--muted); font-size: .875rem; }
.notices { background: var(--raised); border-left: 3px solid var(--line); padding: .75rem 1rem .75rem 2rem; margin: 1rem 0; font-size: .925rem; }
.warnings { border-left-color: var(--bad); }
.mark { display: inline-block; min-width: 1.1em; font-weight: 700; }
.answers table { width: auto; } .answers th, .answers td { padding: .25rem .8rem .25rem 0; }
.answers td.words { min-width: 3.2rem; white-space: nowrap; } .answers tbody th { min-width: 0; white-space: nowrap; }
.path { white-space: nowrap; letter-spacing: .15em; }
/* A shadow at the side where more can be scrolled to: two sheets move with the table and cover it at its ends. */
.scroll { overflow-x: auto; margin: 1.1rem 0; max-width: 100%; background:
  linear-gradient(to right, var(--surface) 40%, transparent) left / 1.5rem 100% no-repeat local,
  linear-gradient(to left, var(--surface) 40%, transparent) right / 1.5rem 100% no-repeat local,
  linear-gradient(to right, var(--line), transparent) left / .7rem 100% no-repeat scroll,
  linear-gradient(to left, var(--line), transparent) right / .7rem 100% no-repeat scroll; }
table { border-collapse: collapse; width: 100%; font-size: .875rem; font-variant-numeric: tabular-nums; overflow-wrap: normal; }
caption { text-align: left; padding-bottom: .5rem; }
th, td { padding: .38rem .7rem; border-bottom: 1px solid var(--line); vertical-align: top; }
th:first-child { padding-left: 0; }
thead th { font-weight: 600; color: var(--muted); vertical-align: bottom; border-bottom: 2px solid var(--line); }
tbody th { font-weight: 400; text-align: left; white-space: nowrap; }
th.words, td.words { text-align: left; }
th.number, td.number, th.several, td.several { text-align: right; }
td.number { white-space: nowrap; }
td.words { max-width: 34rem; overflow-wrap: anywhere; min-width: 7rem; }
/* Stays in view while a wide table scrolls below it. */
.fixed { display: block; position: sticky; left: 0; width: fit-content; max-width: min(100%, calc(100vw - 4.5rem)); white-space: normal; }
tr.group th { padding-top: 1.1rem; font-weight: 600; }
tr.total th, tr.total td { font-weight: 600; }
figure { margin: 1.5rem 0; }
.drawing svg { display: block; width: 100%; height: auto; font-family: inherit; }
.drawing.narrow { display: none; }
.legend { list-style: none; display: flex; flex-wrap: wrap; gap: .25rem 1.1rem; padding: 0; margin: 0 0 .5rem; font-size: .875rem; }
.swatch { display: inline-block; width: 1.1rem; border-top: 4px solid; vertical-align: middle; margin-right: .4rem; }
.grid { display: grid; grid-template-columns: repeat(auto-fill, minmax(13.5rem, 1fr)); gap: .5rem 1rem; }
.chart.small { margin: 0; }
details { border: 1px solid var(--line); border-radius: 6px; padding: .55rem .9rem; margin: .6rem 0; }
summary { cursor: pointer; font-weight: 500; }
summary:focus-visible, a:focus-visible, .scroll:focus-visible { outline: 2px solid var(--accent); outline-offset: 2px; }
.debate summary .reason { text-transform: none; }
.debate .where { font-weight: 400; }
.badge { font-size: .78rem; font-weight: 600; border: 1px solid; border-radius: 4px; padding: 0 .4rem; white-space: nowrap; }
.right, .agrees { color: var(--good); } .wrong, .disagrees, .problem { color: var(--bad); }
pre, code { font-family: ui-monospace, SFMono-Regular, Menlo, Consolas, "DejaVu Sans Mono", monospace; font-size: .85em; }
pre.text { white-space: pre-wrap; overflow-wrap: anywhere; background: var(--raised); border-radius: 4px; padding: .55rem .7rem;
  margin: .2rem 0 .5rem; max-height: 26rem; overflow-y: auto; unicode-bidi: plaintext; }
.brief table { table-layout: fixed; width: 100%; } .brief th:first-child { width: 5.5rem; }
.brief td { text-align: left; vertical-align: top; overflow-wrap: anywhere; } .brief th { white-space: normal; min-width: 0; text-align: left; }
.brief code { overflow-wrap: anywhere; }
.turns { list-style: none; padding: 0; margin: 0; }
.turn { border-left: 3px solid var(--line); padding: .1rem 0 .1rem .9rem; margin: .7rem 0; }
.turn p { margin: .15rem 0; } .label { color: var(--muted); font-size: .8rem; }
.sent { border: 0; padding: 0; margin: .2rem 0; font-size: .875rem; } .sent > summary { color: var(--muted); font-weight: 400; }
.verdict { font-weight: 600; }
footer { margin-top: 3rem; padding-bottom: 3rem; color: var(--muted); font-size: .85rem; }
@media (max-width: 640px) {
  body { font-size: 15px; }
  main, header.page, footer { padding-left: 1rem; padding-right: 1rem; }
  .headline { font-size: 1.2rem; }
  .drawing.wide { display: none; } .drawing.narrow { display: block; }
  .grid { grid-template-columns: repeat(auto-fill, minmax(9.5rem, 1fr)); }
  th, td { padding: .35rem .5rem; }
  tbody th { white-space: normal; min-width: 8rem; }
  .brief th { min-width: 0; }
}
@media print {
  :root { color-scheme: light; ${light} }
  nav { display: none; }
  body { font-size: 10pt; }
  h2, figure, tr, .turn { break-inside: avoid; }
  h2, h3, summary, caption, .legend, thead, tr.group { break-after: avoid; }
  details.values::details-content { content-visibility: visible; block-size: auto; }
  .scroll, pre.text { overflow: visible; max-height: none; } .scroll { background: none; }
  table { font-size: 7.5pt; } th, td { padding: 2pt 3pt; } td.number, tbody th { white-space: normal; }
  table.wide { font-size: 5pt; } table.wide th, table.wide td { padding: 1pt 2pt; overflow-wrap: anywhere; }
  td.words { min-width: 0; }
  .answers td.words, .answers tbody th { white-space: normal; min-width: 0; }
}
`;
