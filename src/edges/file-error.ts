import { OperationError } from "../errors.ts";

/** Translates a failure of the file system once, where it happens. */
export function fileError(
  error: unknown,
  { subject, doing }: { subject: string; doing: string },
): OperationError {
  if (error instanceof OperationError) return error;
  const { code } = error as NodeJS.ErrnoException;
  const rest = { subject, cause: error };
  switch (code) {
    case "EACCES":
    case "EPERM":
    case "EROFS":
      return new OperationError(
        "not-writable",
        `cannot ${doing} ${subject}: ${code === "EROFS" ? "the file system is read-only" : "permission denied"}`,
        { ...rest, hint: "check who owns it and its mode; nothing was changed" },
      );
    case "ENOSPC":
    case "EDQUOT":
    case "EFBIG":
      return new OperationError("disk-full", `cannot ${doing} ${subject}: the disk is full`, {
        ...rest,
        hint: "free some space and run again; nothing was changed",
      });
    case "ENOTDIR":
    case "EEXIST":
      return new OperationError(
        "not-writable",
        `cannot ${doing} ${subject}: a file stands where a folder is needed`,
        { ...rest, hint: "move it away and run again" },
      );
    default:
      return new OperationError(
        "unreadable",
        `cannot ${doing} ${subject}: ${code ?? "unknown reason"}`,
        rest,
      );
  }
}
