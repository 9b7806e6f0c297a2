import { evaluationJsonSchema, runSpecificationJsonSchema } from '../../src/cli/schema';

describe('the JSON Schema of what may be written', () => {
  it('of a run names every field and refuses others', () => {
    const schema = runSpecificationJsonSchema();
    expect(schema).toMatchObject({ title: 'maft run specification', type: 'object', additionalProperties: false });
    expect(Object.keys(schema.properties as object)).toEqual(expect.arrayContaining(['task', 'model', 'method']));
  });

  it('of an evaluation asks for the society and for nothing else', () => {
    const { required, properties, additionalProperties } = evaluationJsonSchema();
    expect(required).toEqual(['society']);
    expect(Object.keys(properties as object).sort()).toEqual(['evaluation', 'name', 'seed', 'society', 'task']);
    expect(additionalProperties).toBe(false);
  });
});
