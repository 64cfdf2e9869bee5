import * as vscode from 'vscode';
import { fullScale, MEASURES, type Measure } from '../../domain/tokens/measures';
import { lifted, paint } from '../../domain/tokens/paint';
import { tokenSpans } from '../../runs/transcript';
import { coalesced } from '../coalesced';
import type { TranscriptFiles } from './transcriptFiles';
import { rangeOf, TRANSCRIPT_SCHEME } from './transcriptUri';

/** Shades of each of the three hues; 21 decoration types in all, shared by every editor. */
const SHADES = 7;
const HUES = ['positive', 'negative', 'sequential'] as const;

/** Lines beyond the visible ones that are coloured already, so that scrolling shows no bare ones. */
const MARGIN = 40;

const COLOURS = { positive: 'parley-pushPositive', negative: 'parley-pushNegative', sequential: 'parley-sequential' } as const;
/** Second cue: the line's weight is the magnitude, its kind the sign. */
const LINES = { positive: 'solid', negative: 'dashed', sequential: 'solid' } as const;

/** Colours the tokens of transcripts in sight by the measure that `parley.colourTokensBy` names, unless `parley.tokenColours` is off. */
export function tokenColours(files: TranscriptFiles): vscode.Disposable {
  const types = HUES.map((hue) => Array.from({ length: SHADES }, (_, shade) => shadeType(hue, (shade + 1) / SHADES)));
  const draw = coalesced(30, () => {
    for (const editor of vscode.window.visibleTextEditors) {
      if (editor.document.uri.scheme === TRANSCRIPT_SCHEME) colour(editor);
    }
  });
  const colour = (editor: vscode.TextEditor): void => {
    const measure = chosenMeasure();
    const ranges = measure === null ? new Map<string, vscode.Range[]>() : rangesOf(files, editor, measure);
    types.forEach((shades, hue) => {
      shades.forEach((type, shade) => {
        editor.setDecorations(type, ranges.get(`${hue}/${shade}`) ?? []);
      });
    });
  };
  const request = (): void => draw.request();
  request();
  return vscode.Disposable.from(
    draw,
    ...types.flat(),
    vscode.window.onDidChangeVisibleTextEditors(request),
    vscode.window.onDidChangeTextEditorVisibleRanges(request),
    files.onDidChangeTranscript(request),
    vscode.workspace.onDidChangeTextDocument(({ document }) => document.uri.scheme === TRANSCRIPT_SCHEME && request()),
    vscode.workspace.onDidChangeConfiguration((change) => change.affectsConfiguration('parley') && request()),
  );
}

/** The ranges of each decoration type (`hue/shade`) in what an editor shows. */
function rangesOf(files: TranscriptFiles, editor: vscode.TextEditor, measure: Measure): Map<string, vscode.Range[]> {
  const ranges = new Map<string, vscode.Range[]>();
  const transcript = files.of(editor.document);
  if (transcript === undefined) return ranges;
  const { full } = fullScale(
    measure,
    transcript.turns.map(({ view }) => view),
  );
  const isInSight = (first: number, last: number): boolean =>
    editor.visibleRanges.some(({ start, end }) => first <= end.line + MARGIN && last >= start.line - MARGIN);
  for (const turn of transcript.turns) {
    if (!isInSight(turn.line, turn.endLine)) continue;
    turn.view.tokens.texts.forEach((_, token) => {
      const { hue, strength } = paint(measure, full, measure.value(turn.view, token));
      if (hue === 'none') return;
      const key = `${HUES.indexOf(hue)}/${Math.ceil(strength * SHADES) - 1}`;
      const known = ranges.get(key) ?? [];
      ranges.set(key, known);
      for (const { start, end } of tokenSpans(turn, token)) if (isInSight(start.line, end.line)) known.push(rangeOf(start, end));
    });
  }
  return ranges;
}

/** What `parley.colourTokensBy` names; null where colours are off. */
function chosenMeasure(): Measure | null {
  const settings = vscode.workspace.getConfiguration('parley');
  if (settings.get<unknown>('tokenColours') === false) return null;
  const id = settings.get<unknown>('colourTokensBy');
  return MEASURES.find((measure) => measure.id === id) ?? MEASURES[0] ?? null;
}

/**
 * One shade of a contributed colour. VS Code takes theme colours only whole, so the shade rides on the one property that it
 * passes on as it is; where that should fail one day, the underline goes and the numbers on hover stay.
 */
function shadeType(hue: (typeof HUES)[number], strength: number): vscode.TextEditorDecorationType {
  const colour = `var(--vscode-${COLOURS[hue]})`;
  const line = `underline ${LINES[hue]} ${(1 + 2 * strength).toFixed(1)}px color-mix(in srgb, ${colour} ${Math.round(40 + 60 * strength)}%, transparent)`;
  const paper = `color-mix(in srgb, ${colour} ${Math.round(46 * lifted(strength))}%, transparent)`;
  return vscode.window.createTextEditorDecorationType({
    textDecoration: `${line}; text-underline-offset: 3px; text-decoration-skip-ink: none; background-color: ${paper}; border-radius: 2px`,
    rangeBehavior: vscode.DecorationRangeBehavior.ClosedClosed,
  });
}
