import * as vscode from 'vscode';
import {
  type Annotation,
  type AnnotationFilter,
  answersOf,
  comparePlaces,
  filterAnnotations,
  type Place,
  placeOf,
} from '../../annotations';
import { lineText } from '../../domain/tokens/visibleText';
import type { OpenRun } from '../../runs/openRun';
import { coalesced } from '../coalesced';
import { plainWords } from '../plainWords';
import type { TranscriptFiles } from '../transcripts/transcriptFiles';
import type { AnnotationLibrary, Located } from './annotationLibrary';

/** An annotation in the tree; menus and commands get it as it is. */
export interface AnnotationNode {
  readonly kind: 'annotation';
  readonly annotation: Annotation;
  /** undefined where its run is not open here. */
  readonly run: OpenRun | undefined;
  readonly located: Located | undefined;
}

/** A run in the tree. */
export interface AnnotatedRunNode {
  readonly kind: 'run';
  readonly id: string;
  readonly run: OpenRun | undefined;
  readonly children: readonly AnnotationNode[];
  /** Lines of the file that are no annotations. */
  readonly broken: number;
}

type Node = AnnotationNode | AnnotatedRunNode;

/** Where a reader is among annotations. */
export interface AnnotationPoint {
  readonly run: OpenRun;
  readonly place: Place;
}

/** The tree of all annotations, run by run in the order of their places, and the walk from one to the next. */
export class AnnotationsView implements vscode.TreeDataProvider<Node> {
  static readonly id = 'parley.annotations';
  readonly #changed = new vscode.EventEmitter<void>();
  readonly onDidChangeTreeData = this.#changed.event;
  readonly #view: vscode.TreeView<Node>;
  readonly #stops: vscode.Disposable;
  #filter: AnnotationFilter = {};
  #expression = '';
  #runs: Promise<AnnotatedRunNode[]> | undefined;
  /** The one that was gone to last, and where that put the cursor: an orphan’s own place may be gone. */
  #current: { readonly id: string; readonly at: AnnotationPoint | undefined } | undefined;

  constructor(
    private readonly library: AnnotationLibrary,
    files: TranscriptFiles,
  ) {
    this.#view = vscode.window.createTreeView<Node>(AnnotationsView.id, { treeDataProvider: this });
    const update = coalesced(100, () => {
      this.#runs = undefined;
      this.#changed.fire();
      void this.#tell();
    });
    const request = (): void => update.request();
    this.#stops = vscode.Disposable.from(
      this.#view,
      this.#changed,
      update,
      library.onDidChange(request),
      files.onDidChangeTranscript(request),
      this.#view.onDidChangeVisibility(({ visible }) => visible && request()),
    );
    request();
  }

  /** What the reader filters by, as it was written. */
  get expression(): string {
    return this.#expression;
  }

  /** Shows only annotations that fit. */
  setFilter(expression: string, filter: AnnotationFilter): void {
    this.#expression = expression;
    this.#filter = filter;
    this.#runs = undefined;
    this.#changed.fire();
    void this.#tell();
    void vscode.commands.executeCommand('setContext', 'parley.annotationsFiltered', expression !== '');
  }

  getTreeItem(node: Node): vscode.TreeItem {
    return node.kind === 'run' ? runItem(node) : annotationItem(node);
  }

  async getChildren(node?: Node): Promise<Node[]> {
    if (node === undefined) return this.runs();
    return node.kind === 'run' ? [...node.children] : [];
  }

  async getParent(node: Node): Promise<Node | undefined> {
    return node.kind === 'run' ? undefined : (await this.runs()).find(({ children }) => children.includes(node));
  }

  /** Runs with those of their annotations that fit the filter. */
  runs(): Promise<AnnotatedRunNode[]> {
    this.#runs ??= this.#read();
    return this.#runs;
  }

  /** The annotation after, or before, the one that was gone to last or a place; around the end to the beginning. */
  async step(delta: 1 | -1, from: AnnotationPoint | undefined): Promise<AnnotationNode | undefined> {
    const runs = (await this.runs()).filter(({ run }) => run !== undefined);
    const all = runs.flatMap(({ children }) => children);
    const current = all.findIndex(({ annotation }) => annotation.id === this.#current?.id);
    const isThere = from === undefined || isSame(this.#current?.at, from);
    if (current >= 0 && isThere) return all.at((current + delta) % all.length);
    if (from === undefined) return delta > 0 ? all[0] : all.at(-1);
    const order = runs.map(({ run }) => run);
    const side = ({ run, annotation }: AnnotationNode): number =>
      order.indexOf(run) - order.indexOf(from.run) || comparePlaces(placeOf(annotation), from.place);
    return delta > 0 ? (all.find((node) => side(node) > 0) ?? all[0]) : (all.findLast((node) => side(node) < 0) ?? all.at(-1));
  }

  /** Notes where the reader is, and shows it if the tree is in sight. */
  async arrivedAt(annotation: string, at: AnnotationPoint | undefined): Promise<void> {
    this.#current = { id: annotation, at };
    const node = (await this.runs()).flatMap(({ children }) => children).find((each) => each.annotation.id === annotation);
    if (node !== undefined && this.#view.visible) await this.#view.reveal(node, { select: true, focus: false });
  }

  dispose(): void {
    this.#stops.dispose();
  }

  async #read(): Promise<AnnotatedRunNode[]> {
    const runs = await this.library.all();
    const nodes = await Promise.all(
      runs.map(async ({ id, run, file }): Promise<AnnotatedRunNode> => {
        const located = new Map<string, Located>();
        for (const annotation of run === undefined ? [] : file.annotations) {
          if (run !== undefined && annotation.deleted === undefined) located.set(annotation.id, await this.library.locate(run, annotation));
        }
        const fitting = filterAnnotations(file.annotations, this.#filter, ({ id: each }) => located.get(each)?.state.kind === 'orphaned');
        const children = fitting.map(
          (annotation): AnnotationNode => ({ kind: 'annotation', annotation, run, located: located.get(annotation.id) }),
        );
        return { kind: 'run', id, run, children, broken: file.broken.length };
      }),
    );
    return nodes.filter(({ children }) => children.length > 0);
  }

  async #tell(): Promise<void> {
    const shown = (await this.runs()).flatMap(({ children }) => children);
    const open = shown.filter(({ annotation }) => !annotation.resolved).length;
    this.#view.description = shown.length === 0 ? '' : `${open} open of ${shown.length}`;
    this.#view.message = this.#expression === '' ? '' : `Filter: ${this.#expression}${shown.length === 0 ? ' (nothing fits)' : ''}`;
    await vscode.commands.executeCommand(
      'setContext',
      'parley.hasAnnotations',
      shown.some(({ run }) => run !== undefined),
    );
  }
}

function isSame(one: AnnotationPoint | undefined, { run, place }: AnnotationPoint): boolean {
  return one !== undefined && one.run === run && comparePlaces(one.place, place) === 0;
}

function runItem({ id, run, children, broken }: AnnotatedRunNode): vscode.TreeItem {
  const item = new vscode.TreeItem(plainWords(run?.name ?? id), vscode.TreeItemCollapsibleState.Expanded);
  item.id = `run/${id}`;
  const notes = [`${children.length}`, run === undefined ? 'not open' : '', broken === 0 ? '' : `${broken} unreadable lines kept`];
  item.description = notes.filter((note) => note !== '').join(' · ');
  item.iconPath = new vscode.ThemeIcon(broken > 0 ? 'warning' : 'symbol-namespace');
  item.contextValue = 'run';
  return item;
}

function annotationItem({ annotation, run, located }: AnnotationNode): vscode.TreeItem {
  const { body, quote, iteration, negotiation, branch, author, tags, resolved } = annotation;
  const item = new vscode.TreeItem(plainWords(body.replaceAll(/\s+/g, ' ').trim()), vscode.TreeItemCollapsibleState.None);
  item.id = annotation.id;
  const count = answersOf(annotation).length;
  const orphaned = located?.state.kind === 'orphaned' ? located.state.reason : null;
  const notes = [
    orphaned === null ? '' : 'orphaned',
    `${iteration}·n${negotiation}${branch === undefined ? '' : `·b${branch}`}`,
    plainWords(quote.replaceAll('↵\n', ' ')),
    ...tags.map((tag) => `#${plainWords(tag)}`),
    count === 0 ? '' : `${count} ${count === 1 ? 'answer' : 'answers'}`,
  ];
  item.description = notes.filter((note) => note !== '').join(' · ');
  // Plain text: a Markdown tooltip would read what is in the file.
  item.tooltip = [
    `${lineText(author)} on “${lineText(quote)}”`,
    `iteration ${iteration}, negotiation ${negotiation}, ${branch === undefined ? '' : `branch ${branch}, `}turn ${annotation.turn}`,
    orphaned === null ? '' : `Orphaned: ${orphaned}`,
    '',
    ...body.split('\n').map(lineText),
  ]
    .filter((line, i) => line !== '' || i > 2)
    .join('\n');
  item.iconPath = new vscode.ThemeIcon(orphaned !== null ? 'warning' : resolved ? 'pass' : 'comment');
  item.contextValue = `annotation.${run === undefined ? 'away' : resolved ? 'resolved' : 'open'}`;
  if (run !== undefined) {
    item.command = { command: 'parley.openAnnotation', title: 'Open Annotation', arguments: [{ run: run.id, annotation: annotation.id }] };
  }
  return item;
}
