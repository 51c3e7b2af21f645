// A reporter of jest that tells the process that has started jest how far it is: which file begins, goes on, or has ended.
export default class {
  onTestFileStart({ path }) {
    process.send?.({ kind: 'goes on', path })
  }

  onTestCaseResult({ path }) {
    process.send?.({ kind: 'goes on', path })
  }

  onTestFileResult({ path }) {
    process.send?.({ kind: 'ended', path })
  }

  onRunComplete() {
    process.send?.({ kind: 'complete' })
  }
}
