import { messageOf } from '../runs/problem';
import { parleyVersion } from '../trainer/environment';
import { advantagesCommand } from './advantagesCommand';
import { annotationsCommand } from './annotationsCommand';
import { didYouMean, readArguments, UsageError } from './arguments';
import { cardCommand } from './cardCommand';
import type { Command } from './command';
import { devicesCommand } from './devicesCommand';
import { evaluateCommand } from './evaluateCommand';
import { exportCommand } from './exportCommand';
import { commandHelp, overview } from './help';
import { importCommand } from './importCommand';
import { pairedCommand } from './pairedCommand';
import { scoreCommand } from './scoreCommand';
import type { Terminal } from './terminal';
import { resumeCommand, trainCommand } from './trainCommand';

/** Every command, in the order of the help. */
export const COMMANDS: readonly Command[] = [
  trainCommand,
  resumeCommand,
  pairedCommand,
  evaluateCommand,
  cardCommand,
  importCommand,
  exportCommand,
  devicesCommand,
  annotationsCommand,
  advantagesCommand,
  scoreCommand,
];

/** Runs a command line and resolves with the exit code: 0 done, 1 failed, 2 bad usage. Whatever goes wrong is one line on stderr. */
export async function main(words: readonly string[], terminal: Terminal): Promise<number> {
  const [name, ...rest] = words;
  try {
    if (name === undefined || name === 'help' || name === '--help' || name === '-h') {
      const asked = COMMANDS.find((command) => command.name === rest[0]);
      terminal.out(asked ? commandHelp(asked) : overview(COMMANDS, parleyVersion(terminal.media)));
      return 0;
    }
    if (name === '--version') {
      terminal.out(`${parleyVersion(terminal.media)}\n`);
      return 0;
    }
    const command = COMMANDS.find((each) => each.name === name);
    if (!command) {
      throw new UsageError(
        `there is no ${name.startsWith('-') ? 'option' : 'command'} ${name}${didYouMean(
          name,
          COMMANDS.map((each) => each.name),
        )}`,
      );
    }
    if (rest.includes('--help') || rest.includes('-h')) {
      terminal.out(commandHelp(command));
      return 0;
    }
    return await command.run(readArguments(rest, command), terminal);
  } catch (error) {
    terminal.err(`parley${name === undefined ? '' : ` ${name}`}: ${messageOf(error)}\n`);
    return error instanceof UsageError ? 2 : 1;
  }
}
