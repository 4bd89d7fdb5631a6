/** Reads the types that a field of a form can have. All others are JSON. */
import type { Node } from "@babel/types";
import { declarationsOf, only } from "./source.ts";

export type Literal = string | number | boolean | null;

export type ArgumentType =
  | { readonly kind: "text" | "number" | "boolean" | "json" }
  | { readonly kind: "choice"; readonly choices: readonly Literal[] }
  | { readonly kind: "list"; readonly of: ArgumentType };

export interface ReadType {
  readonly type: ArgumentType;
  /** The type has `null` beside it. A choice has it among its own. */
  readonly hasNull: boolean;
  /** The type has `undefined` beside it. */
  readonly hasUndefined: boolean;
}

/** One of the types that `|` divides. */
type Part =
  | { readonly kind: "literal"; readonly value: Literal }
  | { readonly kind: "undefined" }
  | ArgumentType;

export const JSON_TYPE: ReadType = { type: { kind: "json" }, hasNull: false, hasUndefined: false };

const MOST_DEPTH = 20;
const MOST_CHOICES = 100;

/** @param nodes of the source, where names of types are looked up */
export function readType(type: Node, nodes: readonly Node[]): ReadType {
  const parts = partsOf(type, nodes, 0);
  return parts === null ? JSON_TYPE : summed(parts);
}

/** The type that TypeScript gives to a parameter with this value alone, such as `copies = 1`. */
export function typeOfValue(value: Node): ReadType {
  if (value.type === "StringLiteral" || value.type === "TemplateLiteral") return plain("text");
  if (typeof literalOf(value) === "number") return plain("number");
  return value.type === "BooleanLiteral" ? plain("boolean") : JSON_TYPE;
}

function plain(kind: "text" | "number" | "boolean"): ReadType {
  return { type: { kind }, hasNull: false, hasUndefined: false };
}

function summed(parts: readonly Part[]): ReadType {
  const hasNull = parts.some((part) => part.kind === "literal" && part.value === null);
  const hasUndefined = parts.some(({ kind }) => kind === "undefined");
  const rest = parts.filter(
    (part) => part.kind !== "undefined" && !(part.kind === "literal" && part.value === null),
  );
  return { ...typeOf(rest, hasNull), hasUndefined };
}

function typeOf(parts: readonly Part[], hasNull: boolean): Omit<ReadType, "hasUndefined"> {
  const values = parts.flatMap((part) => (part.kind === "literal" ? [part.value] : []));
  const isBoolean = parts.length > 0 && parts.every(({ kind }) => kind === "boolean");
  if (isBoolean && !hasNull) return { type: { kind: "boolean" }, hasNull };
  const choices = parts.flatMap(choicesOf);
  const areChoices = parts.length > 0 && parts.every((part) => choicesOf(part).length > 0);
  if (areChoices && choices.length <= MOST_CHOICES) {
    const all = [...new Set<Literal>([...choices, ...(hasNull ? [null] : [])])];
    return { type: { kind: "choice", choices: all }, hasNull: false };
  }
  for (const kind of ["text", "number"] as const) {
    const word = kind === "text" ? "string" : "number";
    const fits = parts.every((part) => part.kind === kind || part.kind === "literal");
    if (fits && parts.length > 0 && values.every((value) => typeof value === word)) {
      return { type: { kind }, hasNull };
    }
  }
  const [only, ...others] = parts;
  if (only?.kind === "list" && others.length === 0) return { type: only, hasNull };
  return { type: { kind: "json" }, hasNull: false };
}

function choicesOf(part: Part): readonly Literal[] {
  if (part.kind === "literal") return [part.value];
  return part.kind === "boolean" ? [true, false] : [];
}

/** @returns null: it has a type that no field has. */
function partsOf(type: Node, nodes: readonly Node[], depth: number): Part[] | null {
  if (depth > MOST_DEPTH) return null;
  const inner = (one: Node) => partsOf(one, nodes, depth + 1);
  const known = WORDS[type.type];
  if (known !== undefined) return [known];
  switch (type.type) {
    case "TSParenthesizedType":
      return inner(type.typeAnnotation);
    case "TSUnionType": {
      const all = type.types.map(inner);
      return all.every((parts) => parts !== null) ? all.flat() : null;
    }
    case "TSLiteralType": {
      const value = literalOf(type.literal);
      return value === undefined ? null : [{ kind: "literal", value }];
    }
    case "TSArrayType":
      return listOf(inner(type.elementType));
    case "TSTypeOperator":
      return type.operator === "readonly" ? inner(type.typeAnnotation) : null;
    case "TSTypeReference": {
      if (type.typeName.type !== "Identifier") return null;
      const { name } = type.typeName;
      const [first, ...others] = type.typeParameters?.params ?? [];
      if (first === undefined) {
        const alias = aliasOf(name, nodes);
        return alias && inner(alias);
      }
      return LISTS.has(name) && others.length === 0 ? listOf(inner(first)) : null;
    }
    default:
      return null;
  }
}

const WORDS: Readonly<Record<string, Part>> = {
  TSStringKeyword: { kind: "text" },
  TSNumberKeyword: { kind: "number" },
  TSBooleanKeyword: { kind: "boolean" },
  TSNullKeyword: { kind: "literal", value: null },
  TSUndefinedKeyword: { kind: "undefined" },
};

const LISTS = new Set(["Array", "ReadonlyArray"]);

function listOf(parts: readonly Part[] | null): Part[] | null {
  if (parts === null) return null;
  const { type, hasNull, hasUndefined } = summed(parts);
  return [{ kind: "list", of: hasNull || hasUndefined ? { kind: "json" } : type }];
}

/** undefined: it is none that JSON has. */
function literalOf(node: Node): Literal | undefined {
  if (node.type === "UnaryExpression" && node.operator === "-") {
    const value = literalOf(node.argument);
    return typeof value === "number" ? -value : undefined;
  }
  const isLiteral =
    node.type === "StringLiteral" ||
    node.type === "NumericLiteral" ||
    node.type === "BooleanLiteral";
  return isLiteral ? node.value : undefined;
}

/** The `type` of this name; null: there is none, or something else that may be meant. */
function aliasOf(name: string, nodes: readonly Node[]): Node | null {
  const found = only(declarationsOf(name, nodes).filter(({ type }) => !VALUES.has(type)));
  if (found?.type !== "TSTypeAliasDeclaration" || found.typeParameters) return null;
  return found.typeAnnotation;
}

/** They name no type. */
const VALUES = new Set(["VariableDeclarator", "FunctionDeclaration", "FunctionExpression"]);
