// SPDX-License-Identifier: Apache-2.0
int predict(void);

int main(void) { return predict(); }
