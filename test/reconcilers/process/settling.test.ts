import { expect, test } from 'vitest'
import { Settling } from '../../../src/reconcilers/process/settling.ts'
import { record } from './model.ts'

const up = [record()]
const stopped = [record({ status: 'stopped', pid: 0 })]

test('what ran and has just stopped is waited for, once', () => {
  const settling = new Settling()
  expect(settling.see(up, 0).size).toBe(0)
  expect(settling.see(stopped, 1000)).toEqual(new Map([[0, 500]]))
  expect(settling.see(stopped, 1400)).toEqual(new Map([[0, 100]]))
  expect(settling.see(stopped, 1500).size).toBe(0)
  expect(settling.see(stopped, 9000).size).toBe(0)
  settling.see(up, 9100)
  expect(settling.see(stopped, 9200)).toEqual(new Map([[0, 500]]))
})

test('the way through `stopping` changes nothing of that', () => {
  const settling = new Settling()
  settling.see(up, 0)
  settling.see([record({ status: 'stopping' })], 100)
  expect(settling.see(stopped, 200).size).toBe(1)
})

test('what was stopped when it was first seen, or gave up, is not waited for', () => {
  expect(new Settling().see(stopped, 0).size).toBe(0)
  const settling = new Settling()
  settling.see(up, 0)
  expect(settling.see([record({ status: 'errored', pid: 0 })], 100).size).toBe(0)
})

test('what is not listed any more is forgotten', () => {
  const settling = new Settling()
  settling.see(up, 0)
  settling.see([], 100)
  expect(settling.see(stopped, 200).size).toBe(0)
})
