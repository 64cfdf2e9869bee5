import { escapeMarkup } from '../domain/markup';
import type { ViewKind } from '../protocol/webview';

/** What a page needs to know of the webview that it is made for. */
export interface PageOptions {
  readonly view: ViewKind;
  readonly title: string;
  /** The webview's own origin, for the content security policy. */
  readonly cspSource: string;
  readonly script: string;
  readonly style: string;
  readonly nonce: string;
  /** Whether the workspace is; a page offers nothing that needs it. */
  readonly trusted: boolean;
}

/** The page of a view: nothing inline but a nonce, nothing from the network, nowhere to send anything. */
export function webviewHtml({ view, title, cspSource, script, style, nonce, trusted }: PageOptions): string {
  const policy = [
    `default-src 'none'`,
    `script-src 'nonce-${nonce}'`,
    `style-src ${cspSource} 'nonce-${nonce}'`,
    `img-src ${cspSource} data:`,
    `font-src ${cspSource}`,
    `connect-src 'none'`,
    `form-action 'none'`,
    `base-uri 'none'`,
  ].join('; ');
  return `<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="UTF-8">
<meta http-equiv="Content-Security-Policy" content="${escapeMarkup(policy)}">
<meta property="csp-nonce" content="${nonce}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<link rel="stylesheet" nonce="${nonce}" href="${escapeMarkup(style)}">
<title>${escapeMarkup(title)}</title>
</head>
<body data-view="${view}" data-trusted="${trusted}" data-vscode-context='{"preventDefaultContextMenuItems":true}'>
<div id="root"></div>
<script nonce="${nonce}" src="${escapeMarkup(script)}"></script>
</body>
</html>
`;
}
