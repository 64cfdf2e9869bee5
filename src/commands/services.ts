import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import * as vscode from 'vscode';
import { ExternalRun } from '../runs/externalRun';
import { ImportFollower } from '../runs/importFollower';
import { InferenceProcess } from '../runs/inferenceProcess';
import { LocalServer } from '../runs/localServer';
import { PolicyCards } from '../runs/policyCards';
import type { RunQueue } from '../runs/runQueue';
import { RunSets } from '../runs/runSets';
import { RunStore } from '../runs/runStore';
import { RunTree } from '../runs/runTree';
import { Selection } from '../runs/selection';
import { SentPrompts } from '../runs/sentPrompts';
import { TokenDistributions } from '../runs/tokenDistributions';
import { shareCores, Trainers } from '../runs/trainers';
import { AnnotationLibrary } from '../views/annotations/annotationLibrary';
import { AnnotationsView } from '../views/annotations/annotationsView';
import { AnnotationThreads } from '../views/annotations/annotationThreads';
import { CardFiles } from '../views/cards/cardFiles';
import type { ViewSources } from '../views/hydratedView';
import { InspectorPanel } from '../views/inspectorPanel';
import { TableFiles } from '../views/play/tableFiles';
import { TranscriptFiles } from '../views/transcripts/transcriptFiles';
import { TreeView } from '../views/treeView';
import { chatSettings } from './chatSettings';
import { ComparedCheckpoint } from './comparedCheckpoint';
import { RunLibrary } from './runLibrary';
import { trainerSettings } from './trainerSettings';
import { windowQueue } from './windowQueue';

/** What commands and views act on; built once, in `extension.ts`. */
export interface Services {
  readonly context: vscode.ExtensionContext;
  readonly log: vscode.LogOutputChannel;
  readonly store: RunStore;
  readonly tree: RunTree;
  readonly selection: Selection;
  readonly trainers: Trainers;
  /** Runs of run sets that wait for cores. */
  readonly queue: RunQueue;
  readonly sets: RunSets;
  /** Answers questions about policies in a process of its own; only for trusted workspaces. */
  readonly inference: InferenceProcess;
  readonly library: RunLibrary;
  readonly inspector: InspectorPanel;
  readonly treeView: TreeView;
  readonly transcripts: TranscriptFiles;
  readonly annotations: AnnotationLibrary;
  readonly threads: AnnotationThreads;
  readonly annotationsView: AnnotationsView;
  /** Documents of the negotiations that a person plays. */
  readonly tables: TableFiles;
  readonly cards: PolicyCards;
  readonly cardFiles: CardFiles;
  readonly compared: ComparedCheckpoint;
  readonly distributions: TokenDistributions;
  /** The process of Start External Run, and what it prints. */
  readonly external: ExternalRun;
  readonly externalLog: vscode.LogOutputChannel;
  /** The process of Start Local Training Server, and what it prints. */
  readonly localServer: LocalServer;
  readonly serverLog: vscode.LogOutputChannel;
}

/** A refusal in one clear line that a person can act on; shown as it is, without a stack. */
export class Refusal extends Error {
  override readonly name = 'Refusal';
}

const EXPANDED = 'parley.expanded';

/** Rows that are remembered as open between sessions. */
const EXPANDED_KEPT = 500;

/** Builds the services of a window; reads no folder yet. `runFromView` is how views run commands. */
export function createServices(
  context: vscode.ExtensionContext,
  runFromView: (services: Services, ...view: Parameters<ViewSources['runCommand']>) => Promise<void>,
): Services {
  const log = vscode.window.createOutputChannel('Parley', { log: true });
  const store = new RunStore();
  const script = join(context.extensionPath, 'dist/trainer.js');
  const trainers = new Trainers(store, script, (run, { level, line }) => log[level](`${run}: ${line}`));
  const queue = windowQueue(store, trainers);
  const sets = new RunSets(store, queue, (line) => log.warn(line));
  const tree = new RunTree(store, context.workspaceState.get<string[]>(EXPANDED, []), sets);
  const selection = new Selection(store);
  const library = new RunLibrary(context, store, sets);
  const inference = new InferenceProcess({
    script,
    settings: async () => {
      const { device, onnxruntimePath } = trainerSettings();
      const { threads } = shareCores(availableParallelism(), 1);
      return { threads, device, ...(onnxruntimePath !== undefined && { onnxruntimePath }), ...(await chatSettings(context)) };
    },
    log: (line) => log.info(`inference: ${line}`),
  });

  const imports = new ImportFollower({ store, inference, mayImport: () => vscode.workspace.isTrusted, log: (line) => log.warn(line) });
  const distributions = new TokenDistributions(store, inference, () => vscode.workspace.isTrusted);
  const sentPrompts = new SentPrompts(store, inference, () => vscode.workspace.isTrusted);
  const sources: ViewSources = {
    extensionUri: context.extensionUri,
    store,
    tree,
    selection,
    annotationCounts: (place) => annotations.counts(place),
    onAnnotationsChanged: (listener) => annotations.onDidChange(listener),
    distributions: (place, policies) => distributions.of(place, policies),
    sentPrompt: (place) => sentPrompts.of(place),
    openInspector: () => inspector.open(),
    runCommand: (name, place) => runFromView(services, name, place),
    visibilityChanged: () => {
      const visible = treeView.visible || inspector.visible;
      store.follow(visible);
      library.watch(visible);
      imports.follow(visible);
    },
  };
  const inspector = new InspectorPanel(sources, () => library.openAll());
  const treeView = new TreeView(sources);
  const transcripts = new TranscriptFiles(store, () => library.openAll());
  const annotations = new AnnotationLibrary(store, transcripts, join(context.globalStorageUri.fsPath, 'annotations'));
  const threads = new AnnotationThreads(annotations, transcripts);
  const annotationsView = new AnnotationsView(annotations, transcripts);
  const tables = new TableFiles();
  const cards = new PolicyCards({
    folder: join(context.globalStorageUri.fsPath, 'cards'),
    inference,
    mayCompute: () => vscode.workspace.isTrusted,
    device: () => trainerSettings().device,
    log: (line) => log.warn(line),
  });
  const cardFiles = new CardFiles(store, cards, () => library.openAll());
  const compared = new ComparedCheckpoint(store);
  const externalLog = vscode.window.createOutputChannel('Parley: External Run', { log: true });
  const external = new ExternalRun((line) => externalLog.info(line));
  external.onChanged((isRunning) => void vscode.commands.executeCommand('setContext', 'parley.externalRunning', isRunning));
  const serverLog = vscode.window.createOutputChannel('Parley: Training Server', { log: true });
  const localServer = new LocalServer((line) => serverLog.info(line));
  localServer.onChanged((isRunning) => void vscode.commands.executeCommand('setContext', 'parley.serverRunning', isRunning));
  const services: Services = {
    ...{ context, log, store, tree, selection, trainers, queue, sets, inference, library, inspector, treeView },
    ...{ transcripts, annotations, threads, annotationsView, tables, cards, cardFiles, compared, distributions, external, externalLog },
    ...{ localServer, serverLog },
  };

  const kept = tree.onExpanded(() => void context.workspaceState.update(EXPANDED, tree.expanded.slice(-EXPANDED_KEPT)));
  context.subscriptions.push(localServer, serverLog, external, externalLog, threads, annotationsView, annotations, inference, compared);
  context.subscriptions.push(log, { dispose: kept }, { dispose: () => library.watch(false) }, { dispose: () => imports.follow(false) });
  return services;
}
