import * as vscode from 'vscode';
import type { TrainParams } from '../protocol/trainer';
import { trainParams } from '../protocol/trainer';

type TrainerSettings = Pick<TrainParams, 'device' | 'onnxruntimePath' | 'keepTraining'>;

const device = trainParams.options[0].shape.device;

/** What the settings say about how trainers run; a value of a wrong kind counts as not set. */
export function trainerSettings(): TrainerSettings {
  const settings = vscode.workspace.getConfiguration('parley');
  const path = settings.get<unknown>('onnxruntimePath');
  const chosen = device.safeParse(settings.get<unknown>('device'));
  return {
    device: chosen.success ? chosen.data : 'auto',
    ...(typeof path === 'string' && path !== '' ? { onnxruntimePath: path } : {}),
    ...(settings.get<unknown>('keepTraining') === 'keep' ? { keepTraining: true } : {}),
  };
}
