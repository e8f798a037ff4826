import { join } from 'node:path';

/** The launchers of the checkout or release that this program runs from; sources and compiled files lie equally deep. */
export const programPath = (name: 'master' | 'agent') => join(import.meta.dirname, '..', '..', '..', 'bin', name);
