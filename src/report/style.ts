/** The tints of one hue, from hardly to fully; the line's weight and kind say the same without colour. */
function tints(hue: string, line: 'solid' | 'dashed'): string {
  return Array.from({ length: 10 }, (_, i) => {
    const strength = (i + 1) / 10;
    const tint = `background: color-mix(in srgb, var(--${hue}) ${Math.round(strength * 42)}%, transparent)`;
    const ink = `text-decoration-color: color-mix(in srgb, var(--${hue}) ${Math.round(40 + strength * 60)}%, transparent)`;
    return `.${hue}.m${i + 1} { ${tint}; ${ink}; text-decoration-style: ${line}; text-decoration-thickness: ${(1 + strength * 2).toFixed(1)}px }`;
  }).join('\n');
}

/** The report's style sheet: the reader's colour scheme, contrast and fonts; nothing moves. */
export const STYLE = `
:root {
  color-scheme: light dark;
  --page: #ffffff; --ink: #1f1f1f; --dim: #5a5a5a; --line: #d4d4d4; --grid: #1f1f1f29;
  --positive: #1f7fbf; --negative: #c4611a; --sequential: #8a5a83;
  --alice: #0f7561; --bob: #7440b8; --aa: #0b68ab; --rl: #a84f0f; --sum: #6d6118; --problem: #a1260d;
  --vscode-foreground: var(--ink); --vscode-editor-background: var(--page);
}
@media (prefers-color-scheme: dark) {
  :root {
    --page: #1f1f1f; --ink: #d8d8d8; --dim: #a6a6a6; --line: #444444; --grid: #d8d8d829;
    --positive: #3b9dd6; --negative: #e0823d; --sequential: #b48ead;
    --alice: #5cc4ab; --bob: #c3a6ff; --aa: #4daafc; --rl: #e8914f; --sum: #b8a965; --problem: #f48771;
  }
}
@media (prefers-contrast: more) {
  :root { --page: #ffffff; --ink: #000000; --dim: #000000; --line: #000000; --grid: #00000066 }
}
@media (prefers-contrast: more) and (prefers-color-scheme: dark) {
  :root { --page: #000000; --ink: #ffffff; --dim: #ffffff; --line: #ffffff; --grid: #ffffff66; --positive: #4fc1ff; --negative: #ffa45c }
}
@media (forced-colors: active) {
  :root { --dim: CanvasText; --line: CanvasText; --grid: GrayText; --aa: LinkText; --rl: CanvasText; --sum: CanvasText; --positive: LinkText; --negative: CanvasText }
  .token { forced-color-adjust: none; color: CanvasText }
}
* { box-sizing: border-box }
body { margin: 0 auto; max-width: 1120px; padding: 24px 20px 64px; background: var(--page); color: var(--ink); font: 14px/1.5 system-ui, sans-serif }
h1 { margin: 0; font-size: 24px; font-weight: 600 }
h2 { margin: 36px 0 8px; padding-bottom: 4px; border-bottom: 1px solid var(--line); font-size: 18px; font-weight: 600 }
h3 { margin: 28px 0 0; font-size: 15px }
h4 { margin: 14px 0 2px; font-size: 13px }
p { margin: 4px 0 }
.dim { color: var(--dim); font-weight: 400 }
.problem { color: var(--problem) }
.scroll { overflow-x: auto; margin: 8px 0 }
table { border-collapse: collapse; font-variant-numeric: tabular-nums }
caption { padding: 6px 0; text-align: start; font-weight: 600 }
th, td { padding: 3px 18px 3px 0; border-bottom: 1px solid var(--line); text-align: start; vertical-align: baseline }
thead th { white-space: nowrap }
th.number, td.number { text-align: end; white-space: nowrap }
.plain td, .plain th { white-space: nowrap }
.charts { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(100%, 500px), 1fr)); gap: 20px 32px }
figure { margin: 0; min-width: 0 }
figure svg { display: block; width: 100%; height: auto; font-family: inherit }
.for-screen-readers { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%) }
details { margin-top: 20px }
summary { cursor: pointer; margin-bottom: 12px }
.beside { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 440px), 1fr)); gap: 0 32px }
.negotiation { min-width: 0 }
.legend { max-width: 90ch }
.round { padding-inline-start: 12px; border-inline-start: 2px solid var(--line); margin: 10px 0 }
.turn { margin: 2px 0 }
.said { margin: 0; white-space: pre-wrap; overflow-wrap: anywhere; line-height: 1.8 }
.who { display: inline-block; min-width: 44px; font-weight: 600 }
.seat-0 .who { color: var(--alice) }
.seat-1 .who { color: var(--bob) }
.credit { margin-inline-start: 10px; font-size: 12px }
.outcome { margin: 2px 0 }
.token { padding: 1px 0; border-radius: 2px; text-decoration: underline transparent; text-underline-offset: 4px; text-decoration-skip-ink: none }
${tints('positive', 'solid')}
${tints('negative', 'dashed')}
${tints('sequential', 'solid')}
.noted { outline: 1px dotted var(--ink); outline-offset: 1px }
sup { margin: 0 3px; font-size: 11px; line-height: 1 }
a { color: var(--aa) }
.notes { margin: 4px 0 8px 44px; padding: 6px 12px 6px 30px; border: 1px solid var(--line); border-radius: 4px }
.body { margin: 0; white-space: pre-wrap; overflow-wrap: anywhere }
.reply { margin-inline-start: 16px }
li:target { outline: 2px solid var(--aa) }
@media print { body { max-width: none; padding: 0 } figure, .round { break-inside: avoid } .scroll { overflow: visible } }
`;
