/** The message of an alert: as JSON, as a text for people, and as environment variables of a command. */
import { hostname } from "node:os";
import { printable } from "../../printable.ts";
import type { UntoldFailure } from "../../store/failure-store.ts";

/** An alert names the first failures, and counts the others. */
export const MOST_NAMED = 10;

/** Its text is short: chats refuse long ones. */
const MOST_IN_TEXT = 5;
const REASON_CHARACTERS = 200;

export interface Alert {
  readonly database: string;
  /** The first ones. */
  readonly failures: readonly UntoldFailure[];
  readonly count: number;
  /** A test alert tells of no failure. */
  readonly isTest?: boolean;
}

export interface AlertMessage {
  readonly json: string;
  readonly text: string;
  readonly env: Readonly<Record<string, string>>;
}

export function alertMessage(alert: Alert): AlertMessage {
  const { database, failures, count, isTest = false } = alert;
  const text = isTest ? testText(database) : failureText(alert);
  const kind = isTest ? "test" : "failures";
  const listed = failures.map(({ failedAt, ...failure }) => ({ ...failure, failed_at: failedAt }));
  // Slack, Mattermost and Teams read `text`, Discord `content`.
  const data = { text, content: text, kind, host: hostname(), database, count, failures: listed };
  return { json: JSON.stringify(data), text, env: envOf(alert, kind, text) };
}

function testText(database: string): string {
  return `This is a test alert of tq on ${hostname()}: failures in ${printable(database)} would be told so`;
}

function failureText({ database, failures, count }: Alert): string {
  const shown = failures.slice(0, MOST_IN_TEXT);
  const [first] = shown.flatMap(({ task }) => task ?? []);
  return [
    `${count === 1 ? "1 failure" : `${count} failures`} in ${printable(database)} on ${hostname()}:`,
    ...shown.map(failureLine),
    ...(count > shown.length ? [`and ${count - shown.length} more`] : []),
    ...(first === undefined ? [] : [`tq show ${first} tells more`]),
  ].join("\n");
}

function failureLine({ task, call, reason }: UntoldFailure): string {
  const line = printable(reason.split("\n", 1)[0] ?? "");
  const short = line.length > REASON_CHARACTERS ? `${line.slice(0, REASON_CHARACTERS)}…` : line;
  return `${task === null ? "" : `task ${task} `}${printable(call)}: ${short.toWellFormed()}`;
}

function envOf({ database, failures, count }: Alert, kind: string, text: string) {
  return {
    TQ_ALERT_KIND: kind,
    TQ_ALERT_TEXT: text,
    TQ_ALERT_COUNT: String(count),
    TQ_ALERT_IDS: failures.flatMap(({ task }) => task ?? []).join(" "),
    TQ_ALERT_DATABASE: database,
  };
}
