import { html, type Html } from './html.ts'

/**
 * The style sheet of every page. It stands in the page itself, so that an error page needs nothing but its own answer,
 * and the Content-Security-Policy names its hash: without a single interpolation the text never varies.
 */
export const style: Html = html`
:root {
  color-scheme: light dark;
  --page: #eef1ef; --card: #ffffff; --wash: #f4f7f5; --line: #dbe2de; --edge: #7b8a84;
  --ink: #16201d; --soft: #51605a; --accent: #0b6354; --accent-strong: #084a3f; --on-accent: #ffffff;
  --light: #f6d98f; --wrong: #a4262c; --shadow: 0 1px 2px rgb(22 32 29 / 6%), 0 12px 32px -12px rgb(22 32 29 / 18%);
}
@media (prefers-color-scheme: dark) {
  :root {
    --page: #0d1211; --card: #151c1a; --wash: #1b2421; --line: #2a3531; --edge: #74857f;
    --ink: #e8eeeb; --soft: #a3b3ad; --accent: #63c9b3; --accent-strong: #86dac8; --on-accent: #05211b;
    --light: #e3bf68; --wrong: #ff9a94; --shadow: none;
  }
}
*, *::before, *::after { box-sizing: border-box; }
html { -webkit-text-size-adjust: 100%; text-size-adjust: 100%; }
body {
  margin: 0; min-height: 100vh; min-height: 100svh; padding: 24px 16px;
  display: flex; flex-direction: column; align-items: center;
  background: var(--page); color: var(--ink);
  font: 1rem/1.6 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", "Noto Sans", sans-serif;
  overflow-wrap: anywhere;
}
main, footer { width: 100%; max-width: 34rem; }
main {
  margin-top: auto; padding: 36px 44px 24px;
  background: var(--card); border: 1px solid var(--line); border-radius: 16px; box-shadow: var(--shadow);
}
footer { margin: 0 0 auto; padding: 16px 0 8px; text-align: center; font-size: .8125rem; color: var(--soft); }
.door { display: block; width: 56px; height: 68px; margin: 0 0 18px -4px; fill: none; stroke-linecap: round; stroke-linejoin: round; }
.arch { stroke: var(--accent); stroke-width: 3.5; }
.leaf { fill: var(--accent); }
.knob { fill: var(--card); }
.light { fill: var(--light); }
.glyph { width: 12px; height: 14px; margin-right: 7px; vertical-align: -2px; fill: none; stroke: currentColor; stroke-width: 1.6; stroke-linecap: round; }
h1 { margin: 0 0 12px; font-size: 1.625rem; line-height: 1.25; font-weight: 650; letter-spacing: -.015em; text-wrap: balance; }
h2 { margin: 0 0 2px; font-size: .8125rem; line-height: 1.5; font-weight: 600; color: var(--soft); }
h3 { margin: 10px 0 0; font-size: .8125rem; line-height: 1.5; font-weight: 600; color: var(--soft); }
p { margin: 0 0 12px; text-wrap: pretty; }
.lead { font-size: 1.0625rem; }
section { margin: 16px 0 0; padding: 14px 18px 16px; background: var(--wash); border-radius: 10px; }
section + .quiet { margin-top: 14px; }
section p:last-child, section ul:last-child { margin-bottom: 0; }
ul { margin: 0 0 12px; padding-left: 1.2em; }
li + li { margin-top: 2px; }
li::marker { color: var(--edge); }
.chips { list-style: none; padding: 0; margin: 4px 0 0; display: flex; flex-wrap: wrap; gap: 6px; }
.chips li { margin: 0; padding: 1px 10px; max-width: 100%; font-size: .8125rem; background: var(--card); border: 1px solid var(--line); border-radius: 13px; }
.chips .more { background: none; border-color: transparent; padding: 1px 4px; color: var(--soft); }
section ul:not(.chips) { padding-left: 1.1em; }
.who { margin: 0; font-weight: 600; }
.who ~ .quiet { margin: 0; }
summary { margin: 10px 0 0; font-size: .8125rem; line-height: 1.5; font-weight: 600; color: var(--soft); cursor: pointer; }
summary:focus-visible { outline: 3px solid var(--accent); outline-offset: 3px; border-radius: 4px; }
.quiet { color: var(--soft); font-size: .9375rem; }
code { font: .875em/1.5 ui-monospace, "SF Mono", SFMono-Regular, Menlo, Consolas, "Liberation Mono", monospace; }
.wide main, .wide footer { max-width: 68rem; }
.wide main > h2 { margin: 32px 0 8px; font-size: 1.0625rem; color: var(--ink); }
table { width: 100%; border-collapse: collapse; font-size: .9375rem; table-layout: fixed; }
th, td { padding: 8px 12px 8px 0; text-align: left; vertical-align: top; border-bottom: 1px solid var(--line); }
th { font-weight: 600; }
thead th { padding-top: 0; font-size: .8125rem; color: var(--soft); }
.values { margin: 0; padding: 0; list-style: none; }
.values .more, .none, .note { color: var(--soft); }
.note, .note.wrong { font-size: .75rem; }
.mark { padding: 1px 8px; color: var(--soft); border: 1px dashed var(--edge); border-radius: 6px; }
.mark, .mark.wrong { font-size: .8125rem; }
details { margin: 12px 0 0; }
details table { margin: 12px 0 0; }
.actions { margin: 24px 0 0; display: flex; flex-wrap: wrap; gap: 12px; }
.actions form { display: contents; }
.button {
  display: inline-flex; align-items: center; justify-content: center; min-height: 46px; padding: 10px 20px;
  font: inherit; font-weight: 600; line-height: 1.3; text-align: center; text-decoration: none; cursor: pointer;
  color: var(--accent); background: transparent; border: 1px solid var(--edge); border-radius: 10px;
}
.button:hover { color: var(--accent-strong); border-color: currentColor; background: var(--wash); }
.primary, .primary:hover { color: var(--on-accent); background: var(--accent); border-color: transparent; }
.primary:hover { background: var(--accent-strong); }
.button:focus-visible { outline: 3px solid var(--accent); outline-offset: 3px; }
.choices { display: flex; flex-direction: column; gap: 10px; width: 100%; margin: 0; padding: 0; list-style: none; }
.choices li { margin: 0; }
.choices .button { width: 100%; }
.field { display: grid; gap: 6px; margin: 20px 0 0; }
.field label { font-weight: 600; }
.field input {
  width: 100%; min-height: 46px; padding: 10px 14px; font: inherit;
  color: var(--ink); background: var(--card); border: 1px solid var(--edge); border-radius: 10px;
}
.field input:focus-visible { outline: 3px solid var(--accent); outline-offset: 1px; }
.field input[aria-invalid] { border-color: var(--wrong); }
.field p { margin: 0 0 6px; }
.wrong { color: var(--wrong); font-size: .9375rem; font-weight: 600; }
.or { display: flex; align-items: center; gap: 14px; margin: 24px 0 -6px; font-size: .875rem; color: var(--soft); }
.or::before, .or::after { content: ""; flex: 1; border-top: 1px solid var(--line); }
.reference { margin: 24px 0 0; padding: 14px 0 0; border-top: 1px solid var(--line); font-size: .8125rem; color: var(--soft); }
.reference code { color: var(--ink); margin-left: 6px; user-select: all; -webkit-user-select: all; }
@media (max-width: 540px) {
  body { padding: 0; background: var(--card); }
  main { margin: 0; padding: 40px 24px 24px; border: 0; border-radius: 0; box-shadow: none; }
  footer { margin: auto 0 0; padding: 16px 24px 24px; }
  .actions { flex-direction: column; }
  table, tbody, tr, th[scope=row], td { display: block; }
  thead { display: none; }
  tr { padding: 10px 0; border-bottom: 1px solid var(--line); }
  tr > * { padding: 2px 0; border: 0; }
  td { position: relative; padding-left: 5.5rem; }
  td::before { content: attr(data-label); position: absolute; left: 0; color: var(--soft); }
}
`
