import neostandard from 'neostandard'
import tseslint from 'typescript-eslint'

const onlyMain = 'Environment, arguments and signals are read in src/main.ts alone; take what you need as an argument.'

export default [
  { ignores: ['dist/**', '.tap/**', 'node_modules/**', 'docs/**'] },
  ...neostandard({ ts: true }),
  {
    files: ['**/*.ts'],
    languageOptions: {
      parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname }
    },
    plugins: { '@typescript-eslint': tseslint.plugin },
    rules: {
      '@typescript-eslint/no-floating-promises': ['error', {
        checkThenables: true,
        // A reply can be awaited, so that handlers may return it; setting a header on it is not waiting for anything.
        allowForKnownSafePromises: [{ from: 'package', package: 'fastify', name: 'FastifyReply' }]
      }],
      '@typescript-eslint/no-misused-promises': 'error',
      '@typescript-eslint/await-thenable': 'error',
      '@typescript-eslint/switch-exhaustiveness-check': ['error', { considerDefaultExhaustiveForUnions: true }],
      '@typescript-eslint/no-explicit-any': 'error',
      '@typescript-eslint/no-non-null-assertion': 'error',
      '@typescript-eslint/consistent-type-imports': ['error', { fixStyle: 'inline-type-imports' }],
      'no-else-return': 'error'
    }
  },
  {
    files: ['src/**/*.ts'],
    ignores: ['src/main.ts'],
    rules: {
      'no-restricted-syntax': ['error',
        { selector: "MemberExpression[object.name='process']", message: onlyMain },
        { selector: "ImportDeclaration[source.value='node:process']", message: onlyMain },
        { selector: "ImportDeclaration[source.value='node:http'][importKind='value']", message: 'Import types with `import type`, and the rest from src/node-http.ts, which says why.' }
      ],
      'no-console': 'error'
    }
  },
  {
    files: ['test/**/*.ts'],
    rules: {
      // tap's subtests are promises that the parent test awaits by itself.
      '@typescript-eslint/no-floating-promises': ['error', {
        checkThenables: true,
        allowForKnownSafeCalls: ['tap', '@tapjs/core', '@tapjs/test', '@tapjs/after', '@tapjs/before'].map((name) => (
          { from: 'package', package: name, name: ['test', 'before', 'beforeEach', 'after', 'afterEach', 'teardown'] }
        ))
      }]
    }
  }
]
