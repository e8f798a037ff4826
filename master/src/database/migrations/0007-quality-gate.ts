/**
 * A job whose result is below the quality it asks for gets further tasks, made of the same plan at higher quality: its next
 * round. What stands in the rounds before no longer counts.
 */
export const qualityGate = `
ALTER TABLE tasks ADD COLUMN round INTEGER NOT NULL DEFAULT 1;
`;
