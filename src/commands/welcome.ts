import { offerResume } from './offerResume';
import type { Services } from './services';

/** What happens once the window is up: runs of before are opened, those cut off are offered to go on. */
export async function welcome(services: Services): Promise<void> {
  try {
    await services.library.openAll();
    await offerResume(services);
  } catch (error) {
    services.log.error(error instanceof Error ? error : String(error));
  }
}
