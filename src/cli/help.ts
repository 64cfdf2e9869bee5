import type { Command } from './command';

/** What `parley --help` prints. */
export function overview(commands: readonly Command[], version: string): string {
  const width = Math.max(...commands.map(({ name }) => name.length));
  return `Parley ${version}: trains language-model agents in social dilemmas, and shows what they learn.

Usage: parley COMMAND [options]

Commands
${commands.map(({ name, summary }) => `  ${name.padEnd(width)}  ${summary}`).join('\n')}

parley COMMAND --help explains a command.  parley --version prints the version.
Exit codes: 0 done, 1 failed, 2 bad usage.
`;
}

/** What `parley COMMAND --help` prints. */
export function commandHelp({ name, about, options, positionals, examples }: Command): string {
  const flags = options.map((option) => ({
    left: `--${option.name}${option.value === undefined ? '' : ` ${option.value}`}`,
    about: option.about,
  }));
  const width = Math.max(0, ...flags.map(({ left }) => left.length));
  const words = positionals.map((word) => ` ${word}`).join('');
  const sections = [
    `Usage: parley ${name}${words}${options.length > 0 ? ' [options]' : ''}`,
    about.trim(),
    ...(flags.length > 0
      ? [`Options\n${flags.map(({ left, about: text }) => `  ${left.padEnd(width)}  ${indent(text, width + 4)}`).join('\n')}`]
      : []),
    ...(examples.length > 0 ? [`Examples\n${examples.map(([line, what]) => `  ${line}\n      ${what}`).join('\n')}`] : []),
  ];
  return `${sections.join('\n\n')}\n`;
}

function indent(text: string, by: number): string {
  return text.split('\n').join(`\n${' '.repeat(by)}`);
}
