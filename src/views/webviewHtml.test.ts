import { describe, expect, it } from 'vitest';
import { webviewHtml } from './webviewHtml';

const html = webviewHtml({
  view: 'tree',
  title: 'Runs <b>"',
  cspSource: 'https://*.vscode-cdn.net',
  script: 'https://file.vscode-cdn.net/webview.js?a=1&b=2',
  style: 'https://file.vscode-cdn.net/webview.css',
  nonce: 'abc123',
  trusted: false,
});

describe('webviewHtml', () => {
  it('lets only the one script run, and nothing reach the network', () => {
    const policy = /content="([^"]*)"/.exec(html)?.[1]?.split('; ');
    expect(policy).toEqual([
      `default-src 'none'`,
      `script-src 'nonce-abc123'`,
      `style-src https://*.vscode-cdn.net 'nonce-abc123'`,
      'img-src https://*.vscode-cdn.net data:',
      'font-src https://*.vscode-cdn.net',
      `connect-src 'none'`,
      `form-action 'none'`,
      `base-uri 'none'`,
    ]);
  });

  it('has no inline script and no event attribute', () => {
    expect(html.match(/<script/g)).toHaveLength(1);
    expect(html).toContain('<script nonce="abc123" src="https://file.vscode-cdn.net/webview.js?a=1&amp;b=2"></script>');
    expect(html).not.toMatch(/\son\w+=/);
  });

  it('escapes what it is given and names the view', () => {
    expect(html).toContain('<title>Runs &lt;b&gt;&quot;</title>');
    expect(html).toContain('data-view="tree" data-trusted="false"');
  });
});
