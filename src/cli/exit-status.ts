/** Exit statuses, the same for every command (docs/commands.md). */
export const exitStatus = {
  done: 0,
  failed: 1,
  changesPending: 2,
  refused: 3,
  partly: 4,
  notRunning: 5,
} as const;
