import { render } from 'preact';
import { connect } from './channel';
import { registerControls } from './components/controls';
import { Inspector } from './components/inspector/Inspector';
import { wireSays } from './components/says/saysState';
import { TreeView } from './components/tree/TreeView';
import { wireInspector } from './inspectorState';
import { wire } from './state';
import './styles/index.css';

const view = document.body.dataset.view === 'inspector' ? 'inspector' : 'tree';
const root = document.getElementById('root') ?? document.body.appendChild(document.createElement('div'));
root.id = 'root';

registerControls();
const host = connect();
wire(host);
if (view === 'inspector') {
  wireInspector(host);
  wireSays(host);
}
render(view === 'inspector' ? <Inspector /> : <TreeView />, root);
// After the first render, so that every listener is there when the host answers with the full state.
queueMicrotask(() => host.send('ready', { view }));
