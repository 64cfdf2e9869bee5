export { type AnchorState, anchorOf, resolveAnchor, type TurnText } from './anchor';
export { type Anchor, type Annotation, annotationId, annotationSchema, normalTags, type Reaction, type Reply, tagsOf } from './annotation';
export { type AnnotationFile, type BrokenLine, formatAnnotations, parseAnnotations } from './annotationFile';
export { AnnotationStore, annotationsBeside } from './annotationStore';
export {
  answerDeleted,
  answered,
  answerRewritten,
  answersOf,
  type Deed,
  deleted,
  moved,
  newAnnotation,
  reacted,
  reactionsOf,
  resolved,
  rewritten,
} from './edit';
export { exportCsv, exportJson, exportNotes, exportParquet } from './export';
export {
  type AnnotationFilter,
  byPlace,
  comparePlaces,
  filterAnnotations,
  nextAnnotation,
  type Place,
  parseAnnotationFilter,
  placeOf,
  previousAnnotation,
  tagsInUse,
} from './filter';
export { mergeAll, mergeAnnotations } from './merge';
