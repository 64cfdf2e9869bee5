import type { SchemaElement } from 'hyparquet';

/** Types of a Parquet column here: `?` may be null, `[]` is a list without nulls. */
export type ParquetType = `${'STRING' | 'INT32' | 'FLOAT' | 'DOUBLE' | 'BOOLEAN'}${'' | '?' | '[]'}`;

/** The schema of a table whose columns have these types, in their order. */
export function parquetSchema(table: string, columns: Readonly<Record<string, ParquetType>>): SchemaElement[] {
  const elements = Object.entries(columns).flatMap(([name, type]) => column(name, type));
  return [{ name: table, num_children: Object.keys(columns).length }, ...elements];
}

function column(name: string, type: ParquetType): SchemaElement[] {
  if (!type.endsWith('[]')) return [leaf(name, type.replace('?', ''), type.endsWith('?') ? 'OPTIONAL' : 'REQUIRED')];
  return [
    { name, repetition_type: 'REQUIRED', num_children: 1, converted_type: 'LIST' },
    { name: 'list', repetition_type: 'REPEATED', num_children: 1 },
    leaf('element', type.slice(0, -2), 'REQUIRED'),
  ];
}

function leaf(name: string, type: string, repetition_type: 'OPTIONAL' | 'REQUIRED'): SchemaElement {
  if (type === 'STRING') return { name, type: 'BYTE_ARRAY', converted_type: 'UTF8', repetition_type };
  return { name, type: type as 'INT32' | 'FLOAT' | 'DOUBLE' | 'BOOLEAN', repetition_type };
}
