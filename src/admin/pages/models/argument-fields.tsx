/** @jsxImportSource hono/jsx */
/** A field for each argument of a call, of the kind that its type has. */
import { printable } from "../../../printable.ts";
import { cut } from "../../../quote.ts";
import type { Argument, Signature } from "../../../registry/signatures/signatures.ts";
import type { Literal } from "../../../registry/signatures/types.ts";
import { WORDS } from "../words.ts";
import { fieldName, nameOf, type Texts } from "./arguments.ts";

interface FieldsProps {
  readonly signature: Signature;
  readonly texts: Texts;
  readonly faults: Texts;
}

export function ArgumentFields({ signature, texts, faults }: FieldsProps) {
  return (
    <>
      {signature.map((argument, place) => {
        const field = fieldName(argument, place);
        return (
          <ArgumentField
            argument={argument}
            label={nameOf(argument, place)}
            field={field}
            text={texts[field] ?? ""}
            fault={faults[field]}
          />
        );
      })}
    </>
  );
}

interface FieldProps {
  readonly argument: Argument;
  readonly label: string;
  readonly field: string;
  readonly text: string;
  readonly fault: string | undefined;
}

const MOST_OF_TYPE = 80;

function ArgumentField({ argument, label, field, text, fault }: FieldProps) {
  const { type, isOptional, words } = argument;
  const isLong = type.kind === "json" || type.kind === "list" || isLongText(text);
  const name = (
    <>
      <bdi>{printable(label)}</bdi>{" "}
      {words !== "" && type.kind !== "choice" && (
        <code class="small">{printable(cut(words, MOST_OF_TYPE))}</code>
      )}
    </>
  );
  const hint = hintOf(argument);
  const about = [...(fault === undefined ? [] : [`${field}-fault`]), `${field}-hint`];
  const common = {
    id: field,
    name: field,
    "aria-describedby": hint === "" ? about.slice(0, -1).join(" ") || undefined : about.join(" "),
    ...(fault !== undefined && { "aria-invalid": "true" as const }),
  };
  return (
    <div class={isLong ? "one whole" : "one"}>
      {type.kind === "boolean" && !isOptional ? (
        <label class="check">
          <input type="checkbox" value="true" checked={text === "true"} {...common} /> {name}
        </label>
      ) : (
        <>
          <label for={field}>{name}</label>
          <Input argument={argument} text={text} common={common} />
        </>
      )}
      <div>
        <Fault id={`${field}-fault`} sentence={fault} />
        {hint !== "" && (
          <p class="small" id={`${field}-hint`}>
            {hint}
          </p>
        )}
      </div>
    </div>
  );
}

function hintOf({ type, hasNull, isOptional }: Argument): string {
  const { optional, orNull } = WORDS.push;
  if (type.kind === "choice" || type.kind === "boolean") return ""; // it is one of the choices
  if (isOptional) return optional;
  return hasNull ? orNull : "";
}

/** The fault of a field, below it. */
export function Fault({
  id,
  sentence,
}: {
  readonly id: string;
  readonly sentence: string | undefined;
}) {
  if (sentence === undefined) return null;
  return (
    <p class="fault" id={id}>
      ⚠ {printable(sentence)}
    </p>
  );
}

const LONG_TEXT = 100;

function isLongText(text: string): boolean {
  return text.length > LONG_TEXT || text.includes("\n");
}

const NUMBER = /^-?\d+(?:\.\d+)?$/;

interface InputProps {
  readonly argument: Argument;
  readonly text: string;
  readonly common: object;
}

function Input({ argument, text, common }: InputProps) {
  const { type, isOptional, hasNull } = argument;
  const isNeeded = !isOptional && !hasNull;
  switch (type.kind) {
    case "boolean":
      return <Choices choices={[true, false]} {...{ isOptional, text, common }} />;
    case "choice":
      return <Choices choices={type.choices} {...{ isOptional, text, common }} />;
    case "number":
      // A browser shows no text that is wrong in a field of numbers: it is to be seen.
      return text === "" || NUMBER.test(text) ? (
        <input type="number" step="any" value={text} required={isNeeded} {...common} />
      ) : (
        <input inputmode="decimal" value={text} required={isNeeded} {...common} />
      );
    case "text":
      if (!isLongText(text)) return <input value={text} autocomplete="off" {...common} />;
      return <Lines rows={4} text={text} common={common} />;
    case "list":
    case "json":
      return <Lines rows={2} text={text} common={{ ...common, ...jsonOf(argument) }} />;
  }
}

function jsonOf({ type, isOptional }: Argument) {
  const { examples } = WORDS.push;
  const isOfNumbers = type.kind === "list" && type.of.kind === "number";
  const ofList = isOfNumbers ? examples.numbers : examples.texts;
  return {
    placeholder: type.kind === "list" ? ofList : examples.json,
    spellcheck: false,
    required: !isOptional,
  };
}

interface LinesProps {
  readonly rows: number;
  readonly text: string;
  readonly common: object;
}

/** A browser leaves out the first line break of the content. */
function Lines({ rows, text, common }: LinesProps) {
  return <textarea rows={rows} {...common}>{`\n${text}`}</textarea>;
}

interface ChoicesProps {
  readonly choices: readonly Literal[];
  readonly isOptional: boolean;
  readonly text: string;
  readonly common: object;
}

function Choices({ choices, isOptional, text, common }: ChoicesProps) {
  const { notGiven, choose } = WORDS.push;
  return (
    <select required={!isOptional} {...common}>
      <option value="">{isOptional ? notGiven : choose}</option>
      {choices.map((choice) => {
        const value = JSON.stringify(choice);
        return (
          <option value={value} selected={value === text}>
            {choiceWords(choice, choices)}
          </option>
        );
      })}
    </select>
  );
}

/** Texts stand as they are, unless they could be taken for other values. */
function choiceWords(choice: Literal, among: readonly Literal[]): string {
  const areTexts = among.every((one) => typeof one === "string" && one.trim() !== "");
  return printable(areTexts ? String(choice) : JSON.stringify(choice));
}
