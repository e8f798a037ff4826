import { apiPage } from './api.ts';
import { cliPage } from './cli.ts';
import { configurationPage } from './configuration.ts';
import { errorsPage } from './errors.ts';
import { metricsPage } from './metrics.ts';
import { scenarioPage } from './scenario.ts';
import { statesPage } from './states.ts';

/** Every generated page: path -> text. Pure, so that a test can compare it with what is committed. */
export function referencePages(): Map<string, string> {
  const pages = {
    api: apiPage(),
    cli: cliPage(),
    errors: errorsPage(),
    states: statesPage(),
    configuration: configurationPage(),
    metrics: metricsPage(),
    scenario: scenarioPage(),
  };
  return new Map(Object.entries(pages).map(([name, text]) => [`docs/reference/${name}.md`, text]));
}
