import { dispatchOperations } from './dispatch.ts';
import { fileOperations } from './files.ts';
import { jobOperations } from './jobs.ts';
import { keyOperations } from './keys.ts';
import { nodeOperations } from './nodes.ts';
import type { Operation } from './operation.ts';
import { queueOperations } from './queues.ts';
import { receiptOperations } from './receipts.ts';
import { systemOperations } from './system.ts';

/** Every operation of the API, in the order of the reference page. */
export const operations: readonly Operation[] = [
  ...Object.values(jobOperations),
  ...Object.values(receiptOperations),
  ...Object.values(dispatchOperations),
  ...Object.values(queueOperations),
  ...Object.values(nodeOperations),
  ...Object.values(fileOperations),
  ...Object.values(keyOperations),
  ...Object.values(systemOperations),
];
