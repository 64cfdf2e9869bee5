import type { VNode } from 'preact';
import { renderToString } from 'preact-render-to-string';
import { Charts, groupsOf } from './charts';
import { Findings } from './findings';
import { Legend, Negotiation, tokenScaleOf } from './negotiation';
import type { Report, ReportNegotiation, ReportRun } from './report';
import { Scroll } from './Scroll';
import { STYLE } from './style';

/**
 * A report as one HTML file that needs nothing else: no script, no request. Its policy allows only its own style sheet, and every
 * word that a model, a person or a file said is text.
 * @param digest SHA-256 in base64, for the policy.
 */
export function renderReport(report: Report, digest: (text: string) => string): string {
  const policy = `default-src 'none'; style-src 'sha256-${digest(STYLE)}'; base-uri 'none'; form-action 'none'`;
  return `<!doctype html>\n${renderToString(<Page report={report} policy={policy} />)}\n`;
}

function Page({ report, policy }: { readonly report: Report; readonly policy: string }): VNode {
  const { created, parley, runs, negotiations } = report;
  const title = titleOf(runs);
  const games = [...new Set(runs.map(({ view }) => view.game))];
  const scale = tokenScaleOf(negotiations);
  return (
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta http-equiv="Content-Security-Policy" content={policy} />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content="light dark" />
        <title>{title}</title>
        <style dangerouslySetInnerHTML={{ __html: STYLE }} />
      </head>
      <body>
        <header>
          <h1>{title}</h1>
          <p class="dim">
            {created.slice(0, 16).replace('T', ' ')} UTC · Parley {parley}
          </p>
        </header>
        <main>
          <section aria-labelledby="runs">
            <h2 id="runs">Runs</h2>
            <Runs runs={runs} />
          </section>
          {games.map((game) => {
            const own = runs.filter(({ view }) => view.game === game && view.algorithm !== null);
            if (own.length === 0) return null;
            const suffix = games.length > 1 ? ` (${game})` : '';
            return (
              <>
                <section aria-labelledby={`findings-${game}`}>
                  <h2 id={`findings-${game}`}>Findings{suffix}</h2>
                  <Findings runs={own} />
                </section>
                <section aria-labelledby={`training-${game}`}>
                  <h2 id={`training-${game}`}>Over training{suffix}</h2>
                  {groupsOf(own).some(({ runs: members }) => members.length > 1) && (
                    <p class="dim">Lines are means over seeds, bands their 95 % bootstrap intervals.</p>
                  )}
                  <Charts runs={own} />
                </section>
              </>
            );
          })}
          {negotiations.length > 0 && (
            <section aria-labelledby="negotiations">
              <h2 id="negotiations">Negotiations</h2>
              <Legend scale={scale} />
              {placesOf(negotiations).map((same, place) => (
                <div key={place} class="beside">
                  {same.map(([shown, index]) => (
                    <Negotiation key={index} shown={shown} scale={scale} id={`negotiation-${index + 1}`} />
                  ))}
                </div>
              ))}
            </section>
          )}
        </main>
      </body>
    </html>
  );
}

/** A few runs by their names, many by what they stand for. */
function titleOf(runs: readonly ReportRun[]): string {
  const names = [...new Set(runs.map(({ view }) => view.name))];
  if (names.length <= 3) return names.join(', ');
  const games = [...new Set(runs.map(({ view }) => view.game))];
  const trained = (game: string): ReportRun[] => runs.filter(({ view }) => view.game === game && view.algorithm !== null);
  return games.map((game) => [game, ...groupsOf(trained(game)).map(({ name }) => name)].join(', ')).join('; ');
}

/** The runs and their settings: what all have in common in a line, the rest as a table. */
function Runs({ runs }: { readonly runs: readonly ReportRun[] }): VNode {
  const settingOf = ({ settings }: ReportRun, label: string): string => settings.find(([each]) => each === label)?.[1] ?? '';
  const labels = [...new Set(runs.flatMap(({ settings }) => settings.map(([label]) => label)))];
  const common = runs.length < 2 ? [] : labels.filter((label) => new Set(runs.map((run) => settingOf(run, label))).size === 1);
  const own = labels.filter((label) => !common.includes(label));
  return (
    <>
      {common.length > 0 && <p>All runs: {common.map((label) => `${label} ${settingOf(runs[0]!, label)}`).join(' · ')}.</p>}
      <Scroll label="Runs and their settings">
        <table class="plain">
          <thead>
            <tr>
              <th scope="col">run</th>
              {own.map((label) => (
                <th key={label} scope="col">
                  {label}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {runs.map((run) => (
              <tr key={run.view.run}>
                <th scope="row">{run.view.name}</th>
                {own.map((label) => (
                  <td key={label}>{settingOf(run, label)}</td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </Scroll>
    </>
  );
}

/** Negotiations of one place beside each other: of several runs, what became of the same deal. */
function placesOf(negotiations: readonly ReportNegotiation[]): (readonly (readonly [shown: ReportNegotiation, index: number])[])[] {
  const places = new Map<string, [ReportNegotiation, number][]>();
  negotiations.forEach((shown, index) => {
    const { iteration, negotiation } = shown.view.place;
    const key = `${iteration}/${negotiation}`;
    const known = places.get(key);
    if (known === undefined) places.set(key, [[shown, index]]);
    else known.push([shown, index]);
  });
  return [...places.values()];
}
