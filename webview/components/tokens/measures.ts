export * from '../../../src/domain/tokens/measures';
