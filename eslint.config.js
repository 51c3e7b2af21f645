import eslint from '@eslint/js'
import tseslint from 'typescript-eslint'

const environment = {
  object: 'process',
  property: 'env',
  message: 'Only server/options and the entry points read the environment; take an option.',
}
const byClock = 'Elapsed time is told by monotonicMs() of clock/, dates by wallMs(): see docs/decisions/0180-two-clocks.md.'
const clocks = [
  { object: 'Date', property: 'now', message: byClock },
  { object: 'performance', property: 'now', message: byClock },
  { object: 'process', property: 'hrtime', message: byClock },
]
/** A date of now is made of wallMs() too; `Date.now` cannot be renamed or taken apart. */
const clockSyntax = [
  'error',
  { selector: "NewExpression[callee.name='Date'][arguments.length=0]", message: byClock },
  { selector: "CallExpression[callee.name='Date']", message: byClock },
  { selector: 'VariableDeclarator[init.name=/^(Date|performance)$/]', message: byClock },
]
const byPutRoster = 'Store rosters by putRoster: the rows by which people are found change with them.'
const restricted = {
  'no-restricted-properties': [
    'error',
    environment,
    ...clocks,
    { object: 'rosters', property: 'put', message: byPutRoster },
    { object: 'rosters', property: 'remove', message: byPutRoster },
  ],
}

const strictTypes = {
  '@typescript-eslint/consistent-type-imports': ['error', { fixStyle: 'inline-type-imports' }],
  '@typescript-eslint/consistent-type-exports': 'error',
  '@typescript-eslint/no-explicit-any': 'error',
  '@typescript-eslint/no-floating-promises': 'error',
  '@typescript-eslint/switch-exhaustiveness-check': [
    'error',
    { considerDefaultExhaustiveForUnions: true, requireDefaultForNonUnion: false },
  ],
  '@typescript-eslint/no-import-type-side-effects': 'error',
  '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true, allowBoolean: true }],
  '@typescript-eslint/no-confusing-void-expression': ['error', { ignoreArrowShorthand: true, ignoreVoidOperator: true }],
  '@typescript-eslint/no-unnecessary-condition': ['error', { allowConstantLoopConditions: true }],
  '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_', ignoreRestSiblings: true }],
  // A contract may promise a promise that one of its implementations can keep at once.
  '@typescript-eslint/require-await': 'off',
  // Contracts are objects of closures, and are taken apart when passed on; no method here relies on `this`.
  '@typescript-eslint/unbound-method': 'off',
  eqeqeq: 'error',
  'prefer-const': 'error',
}

const size = {
  'max-lines': ['error', { max: 400, skipBlankLines: true, skipComments: true }],
  'max-lines-per-function': ['error', { max: 60, skipBlankLines: true, skipComments: true }],
  // A switch counts once: a table of cases is not harder to read for being long.
  complexity: ['error', { max: 15, variant: 'modified' }],
  'max-depth': ['error', 4],
  'max-params': ['error', 5],
}

export default tseslint.config(
  { ignores: ['dist/', 'data/', 'coverage/', 'docs/'] },
  { linterOptions: { reportUnusedDisableDirectives: 'error' } },
  eslint.configs.recommended,
  {
    files: ['**/*.ts'],
    extends: [...tseslint.configs.strictTypeChecked],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: { ...strictTypes, ...size },
  },
  {
    files: ['**/*.ts'],
    ignores: ['test/**', 'bench/**'],
    rules: { ...restricted, 'no-restricted-syntax': clockSyntax, 'no-console': 'error' },
  },
  {
    files: ['rpc/people-index/put-roster.ts'],
    rules: { 'no-restricted-properties': ['error', environment, ...clocks] },
  },
  {
    files: ['server/options*.ts', 'server/main.ts', 'cli/*.ts'],
    rules: { 'no-restricted-properties': ['error', ...clocks], 'no-console': 'off' },
  },
  {
    // The one place that reads the clocks.
    files: ['clock/*.ts'],
    rules: { 'no-restricted-properties': ['error', environment] },
  },
  {
    // A test names what it has just put there, and reads as a list of rules however long.
    files: ['test/**/*.ts', 'bench/**/*.ts'],
    rules: {
      '@typescript-eslint/no-non-null-assertion': 'off',
      'max-lines': ['error', { max: 700, skipBlankLines: true, skipComments: true }],
      'max-lines-per-function': 'off',
    },
  },
  {
    files: ['**/*.js', '**/*.mjs', '**/*.cjs'],
    languageOptions: {
      globals: {
        process: 'readonly',
        console: 'readonly',
        URL: 'readonly',
        setTimeout: 'readonly',
        setInterval: 'readonly',
        clearInterval: 'readonly',
        performance: 'readonly',
        module: 'writable',
      },
    },
  },
)
