const vscode = require('vscode');

/**
 * Starts the paired run once for each `npm start` (which names itself in PARLEY_START), and not again when the window is reloaded.
 * @param {import('vscode').ExtensionContext} context
 */
async function activate(context) {
  const start = process.env.PARLEY_START;
  if (start !== undefined && context.globalState.get('start') === start) return;
  await context.globalState.update('start', start);
  // With a game and a preset named, the command asks nothing.
  await vscode.commands.executeCommand('parley.startPairedRun', { game: 'ipd', preset: 'embedded' });
}

module.exports = { activate };
