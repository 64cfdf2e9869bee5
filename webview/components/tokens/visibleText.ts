export { inlineText, visibleText } from '../../../src/domain/tokens/visibleText';
