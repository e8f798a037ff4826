/** Claim and complete with a million jobs pending, sixteen tasks a call: see claim.ts. */
import { claimGate } from './measure/claims.ts';

await claimGate({ gate: 'claim-16', slots: 16, perSecond: 12_000, p99Ms: null });
