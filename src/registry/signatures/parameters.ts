/** The parameters of a function, as its source writes them. */
import type { Node } from "@babel/types";
import type { Callable } from "./source.ts";

export interface WrittenParameter {
  /** null: it has none, as `{ a, b }`. */
  readonly name: string | null;
  readonly isRest: boolean;
  /** It has a `?`, or a value of its own. */
  readonly isOptional: boolean;
  readonly type: Node | null;
  /** The value that it has by itself. */
  readonly value: Node | null;
}

export function parametersOf({ params }: Callable): WrittenParameter[] {
  return params.map(readOne).filter(({ name }) => name !== "this");
}

function readOne(parameter: Node): WrittenParameter {
  if (parameter.type === "AssignmentPattern") {
    return { ...readOne(parameter.left), isOptional: true, value: parameter.right };
  }
  const isRest = parameter.type === "RestElement";
  const named = isRest ? parameter.argument : parameter;
  const annotation = "typeAnnotation" in parameter ? parameter.typeAnnotation : null;
  return {
    name: named.type === "Identifier" ? named.name : null,
    isRest,
    isOptional: "optional" in parameter && parameter.optional === true,
    type: annotation?.type === "TSTypeAnnotation" ? annotation.typeAnnotation : null,
    value: null,
  };
}
