export { type Completion, type Completions, completeFilter } from './complete';
export { FILTER_FIELDS, FILTER_FUNCTIONS, type FilterField, type FilterSubject, SORT_FIELDS } from './fields';
export { FilterError } from './lexer';
export { matches, readsTexts, type SaidText } from './match';
export { type Filter, parseFilter } from './parse';
