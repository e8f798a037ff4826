import childProcess from 'node:child_process';
import { subscribe } from 'node:diagnostics_channel';
import fs from 'node:fs';
import type { ClientRequest } from 'node:http';
import { syncBuiltinESMExports } from 'node:module';
import { isMainThread } from 'node:worker_threads';
import { arrive } from './arm.ts';

/** Kill points of an agent: its calls before, after sending and after the answer; its engines; its folders. */

function callOf(path: string): string | undefined {
  const plain = path.split('?')[0] ?? '';
  if (plain.endsWith('/jobs/next')) return 'claim';
  const last = plain.split('/').at(-1) ?? '';
  return ['results', 'heartbeat', 'progress', 'logs'].includes(last) ? last : undefined;
}

function watchCalls(): void {
  const channels: [string, string][] = [
    ['undici:request:create', 'before-call'],
    ['undici:request:bodySent', 'sent'],
    ['undici:request:headers', 'answered'],
  ];
  for (const [channel, when] of channels) {
    subscribe(channel, (message) => {
      const call = callOf((message as { request: { path: string } }).request.path);
      if (call !== undefined) arrive(`${when}:${call}`);
    });
  }
  const isUpload = (message: unknown) => {
    const { request } = message as { request: ClientRequest };
    return request.path.startsWith('/files') && request.method !== 'HEAD' ? request.method : undefined;
  };
  subscribe('http.client.request.start', (message) => {
    const method = isUpload(message);
    if (method !== undefined) arrive(`before-upload:${method}`);
  });
  subscribe('http.client.response.finish', (message) => {
    const method = isUpload(message);
    if (method !== undefined) arrive(`after-upload:${method}`);
  });
}

function watchEngines(): void {
  const { spawn } = childProcess;
  childProcess.spawn = ((...args: Parameters<typeof spawn>) => {
    arrive('before-spawn');
    const child = spawn(...args);
    child.once('spawn', () => arrive('after-spawn'));
    child.once('close', () => arrive('after-engine'));
    return child;
  }) as typeof spawn;
}

function watchFolders(): void {
  const { mkdirSync, rmSync } = fs;
  fs.mkdirSync = ((...args: Parameters<typeof mkdirSync>) => {
    const made = mkdirSync(...args);
    if (/\/jobs\/[^/]+$/.test(String(args[0]))) arrive('made-folder');
    return made;
  }) as typeof mkdirSync;
  fs.rmSync = (...args) => {
    const ofJob = /\/jobs\/[^/]+$/.test(String(args[0]));
    if (ofJob) arrive('before-tidy');
    rmSync(...args);
    if (ofJob) arrive('after-tidy');
  };
}

if (isMainThread) {
  watchCalls();
  watchEngines();
  watchFolders();
  syncBuiltinESMExports();
}
