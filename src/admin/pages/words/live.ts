/** The words of a page that cannot be kept up to date. `{time}` is when it was last. */
export const LIVE_WORDS = {
  lost: "The server does not answer. This page shows how it was at {time}, and tries again.",
  ended: "Your session has ended. This page shows how it was at {time}.",
  signIn: "Sign in again",
  fault: "This page shows how it was at {time}, and tries again: {why}",
  renewed: "The server runs another version of tq now. This page shows how it was at {time}.",
  reload: "Load the page again",
} as const;
