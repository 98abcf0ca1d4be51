import ts from 'typescript';

/** Where in a source an access to shared memory stands. */
export interface Site {
  readonly file: string;
  readonly line: number;
  readonly text: string;
}

/** The object that instrumented code calls, on `globalThis`: see `Steps`. */
export const STEPS = '__ringwaySteps';

const ATOMIC_OPERATIONS = new Set(['load', 'store', 'add', 'and', 'or', 'exchange', 'compareExchange']);
/** The protocol's modules call their views of shared memory so, and nothing else; what is private by that name is told apart when it runs. */
const VIEWS = new Set(['words', '#words', 'frames', '#frames', 'floats', '#floats', 'bytes', '#bytes', 'buffer']);
/** Calls on views that touch a range; the argument that says where it begins. */
const RANGES = new Map([
  ['set', 1],
  ['slice', 0],
  ['fill', 1],
]);

/**
 * Makes every access to shared memory in one compiled module a call: `Atomics.op(words, i, …)` becomes `steps.op(site, words, i, …)`, `words[i]` becomes
 * `steps.get(site, words, i)`, `words[i] = v` becomes `steps.put(site, words, i, v)`, and calls that touch a range (`bytes.set(…)`) are announced by
 * `steps.touch(site, bytes, from)`. Nothing else is changed.
 *
 * @param sites - gets an entry for each access; its index is what the calls are given
 */
export function instrument(source: string, file: string, sites: Site[]): string {
  const parsed = ts.createSourceFile(file, source, ts.ScriptTarget.ES2022, true, ts.ScriptKind.JS);
  const { factory } = ts;

  const siteOf = (node: ts.Node): ts.NumericLiteral => {
    const { line } = parsed.getLineAndCharacterOfPosition(node.getStart(parsed));
    const text = node.getText(parsed).replaceAll(/\s+/g, ' ');
    sites.push({ file, line: line + 1, text: text.length > 90 ? `${text.slice(0, 87)}...` : text });
    return factory.createNumericLiteral(sites.length - 1);
  };
  const call = (name: string, parameters: ts.Expression[]): ts.CallExpression =>
    factory.createCallExpression(
      factory.createPropertyAccessExpression(factory.createIdentifier(STEPS), name),
      undefined,
      parameters,
    );

  const transformer: ts.TransformerFactory<ts.SourceFile> = (context) => {
    const visit = (node: ts.Node): ts.Node => {
      const inner = (): ts.Node => ts.visitEachChild(node, visit, context);
      const expression = (child: ts.Expression): ts.Expression => ts.visitNode(child, visit) as ts.Expression;
      if (ts.isCallExpression(node) && ts.isPropertyAccessExpression(node.expression)) {
        const { expression: receiver, name } = node.expression;
        if (ts.isIdentifier(receiver) && receiver.text === 'Atomics') {
          if (!ATOMIC_OPERATIONS.has(name.text)) throw new Error(`${file}: Atomics.${name.text} is not modelled`);
          return call(name.text, [siteOf(node), ...node.arguments.map(expression)]);
        }
        const place = RANGES.get(name.text);
        if (place !== undefined && isView(receiver)) {
          const from = node.arguments.at(place) ?? factory.createNumericLiteral(0);
          const touch = [siteOf(node), receiver, from];
          return factory.createCommaListExpression([call('touch', touch), inner() as ts.Expression]);
        }
      }
      if (ts.isBinaryExpression(node) && isAccess(node.left)) {
        const view = expression(node.left.expression);
        const index = expression(node.left.argumentExpression);
        const value = expression(node.right);
        const operator = node.operatorToken.kind;
        if (operator === ts.SyntaxKind.EqualsToken) return call('put', [siteOf(node), view, index, value]);
        const plain = COMPOUND.get(operator);
        if (plain !== undefined) {
          const before = call('get', [siteOf(node), view, index]);
          return call('put', [siteOf(node), view, index, factory.createBinaryExpression(before, plain, value)]);
        }
      }
      if ((ts.isPrefixUnaryExpression(node) || ts.isPostfixUnaryExpression(node)) && isAccess(node.operand)) {
        const plain = STEPPING.get(node.operator);
        if (plain !== undefined) {
          if (!ts.isExpressionStatement(node.parent))
            throw new Error(`${file}: the value of ${node.getText(parsed)} is used`);
          const view = expression(node.operand.expression);
          const index = expression(node.operand.argumentExpression);
          const before = call('get', [siteOf(node), view, index]);
          const after = factory.createBinaryExpression(before, plain, factory.createNumericLiteral(1));
          return call('put', [siteOf(node), view, index, after]);
        }
      }
      if (isAccess(node)) {
        return call('get', [siteOf(node), expression(node.expression), expression(node.argumentExpression)]);
      }
      return inner();
    };
    return (root) => ts.visitEachChild(root, visit, context);
  };
  const { transformed } = ts.transform(parsed, [transformer]);
  return ts.createPrinter().printFile(transformed[0]);
}

const COMPOUND = new Map<ts.SyntaxKind, ts.BinaryOperator>([
  [ts.SyntaxKind.PlusEqualsToken, ts.SyntaxKind.PlusToken],
  [ts.SyntaxKind.MinusEqualsToken, ts.SyntaxKind.MinusToken],
]);
const STEPPING = new Map<ts.SyntaxKind, ts.BinaryOperator>([
  [ts.SyntaxKind.PlusPlusToken, ts.SyntaxKind.PlusToken],
  [ts.SyntaxKind.MinusMinusToken, ts.SyntaxKind.MinusToken],
]);

function isAccess(node: ts.Node): node is ts.ElementAccessExpression {
  return ts.isElementAccessExpression(node) && isView(node.expression);
}

function isView(node: ts.Expression): boolean {
  if (ts.isIdentifier(node)) return VIEWS.has(node.text);
  return ts.isPropertyAccessExpression(node) && VIEWS.has(node.name.text);
}
