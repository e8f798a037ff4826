import type { FailureClass } from '@ffrtmp/shared/job/outcome';
import { type AttemptState, isLiveAttempt } from '@ffrtmp/shared/job/state';

/** Causes are a few words of ours; a longer one is a sentence that does not belong into a key. */
const MAX_CAUSE = 40;

/**
 * Is its work no part of a result? It ended in another way than by success, or succeeded for nothing: an encode below the
 * quality that its job asks for has the cause written beside it.
 */
export const isWaste = ({ state, cause }: { state: AttemptState; cause: string | null }) =>
  !isLiveAttempt(state) && (state !== 'succeeded' || cause !== null);

/** Why an attempt's work came to nothing: the class of its failure, or the word of whoever ended it. */
export function causeOf(attempt: {
  state: AttemptState;
  cause: string | null;
  failure_class: FailureClass | null;
}): string {
  if (attempt.state === 'lost') return 'lost';
  return (attempt.failure_class ?? attempt.cause ?? attempt.state).slice(0, MAX_CAUSE);
}
