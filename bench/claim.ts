/**
 * Claim and complete over HTTP, one task a call, with a million jobs pending in 180 lanes (nine classes, twenty tenants).
 * Every node claims as an agent does (its own credential, a claim id, what it holds) and reports each attempt with the
 * metrics, the figure and the environment of a real one; each of the two is committed with `synchronous=FULL`.
 */
import { claimGate } from './measure/claims.ts';

await claimGate({ gate: 'claim', slots: 1, perSecond: 6000, p99Ms: 20 });
