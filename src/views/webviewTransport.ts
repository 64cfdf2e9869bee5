import type * as vscode from 'vscode';
import { type Channel, type Handlers, openChannel, type Transport } from '../protocol/channel';
import { WEBVIEW_PROTOCOL, type WebviewHostSide, type WebviewSide, webviewEvents, webviewRequests } from '../protocol/webview';
import { firstIssue } from '../runs/problem';

/** The host's end of the channel to one page. */
export type WebviewChannel = Channel<WebviewHostSide, WebviewSide>;

/**
 * Keeps a channel open to a webview, a new one for each page that it shows: a webview that was hidden comes
 * back as a new page. `onPage` is called with each.
 */
export function connectWebview(
  webview: vscode.Webview,
  handlers: Handlers<WebviewHostSide>,
  onPage: (channel: WebviewChannel) => void,
): vscode.Disposable {
  let disposed = false;
  let current: WebviewChannel | undefined;
  let deliver: (message: unknown) => void = () => undefined;
  const incoming = webview.onDidReceiveMessage((message: unknown) => deliver(message));

  const open = (): void => {
    const transport: Transport = {
      post: (message) => void webview.postMessage(message),
      onMessage: (listener) => {
        deliver = listener;
      },
      onClose: () => undefined,
    };
    const channel = openChannel<WebviewHostSide, WebviewSide>(transport, WEBVIEW_PROTOCOL, handlers, checkWebviewMessage);
    current = channel;
    onPage(channel);
    void channel.closed.then(() => {
      if (!disposed) open();
    });
  };
  open();

  return {
    dispose: () => {
      disposed = true;
      incoming.dispose();
      current?.close('the view is gone');
    },
  };
}

/** Nothing that a page says is trusted: unknown names and wrong shapes are refused in one line. @throws Error */
function checkWebviewMessage(kind: 'request' | 'event', name: string, payload: unknown): unknown {
  const schemas: Record<
    string,
    (typeof webviewRequests)[keyof typeof webviewRequests] | (typeof webviewEvents)[keyof typeof webviewEvents]
  > = kind === 'request' ? webviewRequests : webviewEvents;
  const schema = Object.hasOwn(schemas, name) ? schemas[name] : undefined;
  if (schema === undefined) throw new Error(`unknown ${kind} "${name}"`);
  const parsed = schema.safeParse(payload);
  if (!parsed.success) throw new Error(`${name}: ${firstIssue(parsed.error)}`);
  return parsed.data;
}
