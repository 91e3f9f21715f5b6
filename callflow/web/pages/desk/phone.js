// No phone in this page yet: the agent's own phone rings.
export const makePhone = () => ({ start() {}, stop() {}, answer() {}, hold() {}, hangUp() {} });
