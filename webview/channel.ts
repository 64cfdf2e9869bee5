import { type Channel, openChannel, type Transport } from '../src/protocol/channel';
import { WEBVIEW_PROTOCOL } from '../src/protocol/versions';
import type { Place, TreeSort, WebviewHostSide, WebviewSide } from '../src/protocol/webview';
import type { Column } from './components/compare/columns';
import type { MeasureId } from './components/tokens/measures';

/** The page's end of the channel to the extension host. */
export type HostChannel = Channel<WebviewSide, WebviewHostSide>;

/** What a view keeps for itself across reloads; the host's serializer reads `place`. */
export interface ViewState {
  readonly colourBy?: MeasureId;
  readonly place?: Place | null;
  readonly detail?: 'credit' | 'charts';
  readonly filter?: string;
  readonly sort?: TreeSort;
  readonly comparing?: boolean;
  /** Whether the panel is open that says what policies would say. */
  readonly says?: boolean;
  readonly columns?: readonly Column[];
  /** Groups of runs that were switched on or off in the charts, by key. */
  /** Measures of the curve charts, by slot; null where none was chosen. */
  readonly measures?: readonly (string | null)[];
  readonly advantageChart?: 'scatter' | 'advantages' | 'credits';
  readonly groups?: Readonly<Record<string, boolean>>;
  /** Id of the matrix that is shown; the host's serializer reads it. */
  readonly matchups?: string | null;
}

interface VsCodeApi {
  postMessage(message: unknown): void;
  getState(): unknown;
  setState(state: unknown): void;
}

declare function acquireVsCodeApi(): VsCodeApi;

const api = acquireVsCodeApi();

/** Opens the channel to the host. */
export function connect(): HostChannel {
  const transport: Transport = {
    post: (message) => api.postMessage(message),
    onMessage: (listener) => addEventListener('message', (event: MessageEvent<unknown>) => listener(event.data)),
    // A webview never outlives its host: the page itself is taken down.
    onClose: () => undefined,
  };
  return openChannel<WebviewSide, WebviewHostSide>(transport, WEBVIEW_PROTOCOL, {});
}

/** The state kept last, or nothing. */
export function savedState(): ViewState {
  const state = api.getState();
  return typeof state === 'object' && state !== null ? (state as ViewState) : {};
}

/** Keeps these keys over the ones kept before. */
export function saveState(change: ViewState): void {
  api.setState({ ...savedState(), ...change });
}
