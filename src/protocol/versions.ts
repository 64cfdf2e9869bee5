/** Version of the host ↔ webview protocol; apart from webview.ts so that the page's bundle carries no validators. */
export const WEBVIEW_PROTOCOL = 1;
